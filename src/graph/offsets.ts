import { AppError } from '../errors.ts';
import { type Driver, integer, type ManagedTransaction, toAppError } from './driver.ts';
import { run } from './statement.ts';
import { advanceOffset, allOffsets, fenceOffset, graphId, type OffsetRow, readOffset } from './statements/offset.ts';

/** What became of the messages of a slice. Their sum is the number of positions that the slice moves on. */
export interface Counters {
  readonly applied: number;
  readonly superseded: number;
  readonly filtered: number;
  readonly deadLettered: number;
}

/** A slice of one partition, as a consumer group read it: positions `from` up to, not including, `next`. */
export interface Slice {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly next: number;
}

export interface OffsetStore {
  read(group: string, topic: string, partition: number): Promise<{ first: number; next: number } | undefined>;
  /**
   * Moves the stored position on and adds the counters, in one transaction.
   * @throws AppError FENCED where the stored position is not `from`: somebody else has written since.
   *   DATABASE_REPLACED where the position was read from another database
   */
  commit(slice: Slice & { readonly counters: Counters }): Promise<void>;
  /** Every position of every stage, by group, topic and partition. */
  all(): Promise<OffsetRow[]>;
}

export const offsetId = (slice: Pick<Slice, 'group' | 'topic' | 'partition'>): string =>
  `${slice.group}/${slice.topic}/${slice.partition}`;

/** Positions and counters of each stage and partition, kept in the graph so that they move with what they stand for. */
export function createOffsetStore(driver: Driver): OffsetStore {
  // A position that was read from one database must not be moved on in another that has taken its place. By offset id.
  const readFrom = new Map<string, string | undefined>();
  return {
    async read(group, topic, partition) {
      return inSession(driver, 'READ', async (tx) => {
        const id = offsetId({ group, topic, partition });
        readFrom.set(id, (await run(tx, graphId, {}))[0]?.graph);
        const [row] = await run(tx, readOffset, { id });
        return row && { first: row.first, next: row.next };
      });
    },
    commit: (slice) =>
      inSession(driver, 'WRITE', async (tx) => {
        requireSame(readFrom.get(offsetId(slice)), await advance(tx, slice, slice.counters));
      }),
    all: () => inSession(driver, 'READ', (tx) => run(tx, allOffsets, {})),
  };
}

/**
 * What belongs to one database means nothing in another that has taken its place.
 * @throws AppError DATABASE_REPLACED
 */
export function requireSame(expected: string | undefined, found: string): void {
  if (expected === undefined || expected === found) return;
  throw new AppError(
    'DATABASE_REPLACED',
    'The database is another than the one that this process began with; start it again, and it fills this one.',
  );
}

/**
 * First statement of a writing transaction: takes the partition's lock, checks that the position is still ours, and
 * tells which database this is.
 */
export async function fence(tx: ManagedTransaction, slice: Slice): Promise<string> {
  const rows = await run(tx, fenceOffset, position(slice));
  return onlyWhereMoved(rows, slice);
}

/**
 * Last statement of a writing transaction; tells which database this is. `newest`: by source, the time of its newest
 * event in the slice.
 */
export async function advance(
  tx: ManagedTransaction,
  slice: Slice,
  counters: Counters,
  newest: ReadonlyMap<string, number> = new Map(),
): Promise<string> {
  const rows = await run(tx, advanceOffset, {
    ...position(slice),
    next: integer(slice.next),
    applied: integer(counters.applied),
    superseded: integer(counters.superseded),
    filtered: integer(counters.filtered),
    deadLettered: integer(counters.deadLettered),
    newest: [...newest].map(([source, time]) => ({ name: `newest.${source}`, time: integer(time) })),
  });
  return onlyWhereMoved(rows, slice);
}

function position(slice: Slice) {
  return {
    id: offsetId(slice),
    group: slice.group,
    topic: slice.topic,
    partition: integer(slice.partition),
    from: integer(slice.from),
  };
}

function onlyWhereMoved(rows: readonly { graph: string }[], slice: Slice): string {
  const [row] = rows;
  if (row === undefined) {
    throw new AppError('FENCED', 'Somebody else has written this partition since its messages were fetched.', {
      ...slice,
    });
  }
  return row.graph;
}

/** One transaction of its own, retried by the driver where the server says that a retry helps. */
export async function inSession<T>(
  driver: Driver,
  mode: 'READ' | 'WRITE',
  work: (tx: ManagedTransaction) => Promise<T>,
  timeout = 120_000,
): Promise<T> {
  const session = driver.session({ defaultAccessMode: mode });
  try {
    return mode === 'READ'
      ? await session.executeRead(work, { timeout })
      : await session.executeWrite(work, { timeout });
  } catch (error) {
    throw toAppError(error);
  } finally {
    await session.close();
  }
}

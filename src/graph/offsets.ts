import { AppError } from '../errors.ts';
import { type Driver, integer, type ManagedTransaction, toAppError } from './driver.ts';
import { run } from './statement.ts';
import { advanceOffsets, allOffsets, fenceOffsets, graphId, type OffsetRow, readOffset } from './statements/offset.ts';

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

/** A slice whose messages have been dealt with. `newest`: by source, the time of its newest event. */
export interface Progress extends Slice {
  readonly counters: Counters;
  readonly newest?: ReadonlyMap<string, number>;
}

export interface OffsetStore {
  read(group: string, topic: string, partition: number): Promise<{ first: number; next: number } | undefined>;
  /**
   * Moves the stored positions on and adds the counters, in one transaction.
   * @throws AppError FENCED where a stored position is not `from`: somebody else has written since.
   *   DATABASE_REPLACED where a position was read from another database
   */
  commit(...slices: readonly Progress[]): Promise<void>;
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
    commit: (...slices) =>
      inSession(driver, 'WRITE', async (tx) => {
        const graph = await advance(tx, slices);
        for (const slice of slices) requireSame(readFrom.get(offsetId(slice)), graph);
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
 * First statement of a writing transaction: takes the locks of the slices' partitions, checks that their positions are
 * still ours, and tells which database this is.
 */
export async function fence(tx: ManagedTransaction, slices: readonly Slice[]): Promise<string> {
  const rows = await run(tx, fenceOffsets, { rows: inOrder(slices).map(position) });
  return onlyWhereOurs(rows, slices);
}

/** Last statement of a writing transaction; tells which database this is. */
export async function advance(tx: ManagedTransaction, slices: readonly Progress[]): Promise<string> {
  const rows = inOrder(slices).map(({ counters, newest = new Map<string, number>(), ...slice }) => ({
    ...position(slice),
    next: integer(slice.next),
    applied: integer(counters.applied),
    superseded: integer(counters.superseded),
    filtered: integer(counters.filtered),
    deadLettered: integer(counters.deadLettered),
    newest: [...newest].map(([source, time]) => ({ name: `newest.${source}`, time: integer(time) })),
  }));
  return onlyWhereOurs(await run(tx, advanceOffsets, { rows }), slices);
}

/** Two transactions that take locks of the same partitions wait for each other and don't deadlock. */
const inOrder = <T extends Slice>(slices: readonly T[]): T[] =>
  [...slices].sort((a, b) => (offsetId(a) < offsetId(b) ? -1 : 1));

function position(slice: Slice) {
  return {
    id: offsetId(slice),
    group: slice.group,
    topic: slice.topic,
    partition: integer(slice.partition),
    from: integer(slice.from),
  };
}

function onlyWhereOurs(rows: readonly { id: string; graph: string }[], slices: readonly Slice[]): string {
  const ours = new Set(rows.map(({ id }) => id));
  const fenced = slices.find((slice) => !ours.has(offsetId(slice)));
  const [row] = rows;
  // A partition that is there twice would be moved on twice.
  if (row === undefined || ours.size < slices.length) {
    throw new AppError('FENCED', 'Somebody else has written this partition since its messages were fetched.', {
      ...(fenced !== undefined && { position: offsetId(fenced), from: fenced.from }),
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

import type { Knowledge } from '../../consumers/document.ts';
import { type Refusal, refuseAt } from '../../consumers/refusal.ts';
import { AppError } from '../errors.ts';
import type { GraphAction } from '../graph/actions.ts';
import type { Driver } from '../graph/driver.ts';
import { createOffsetStore, type OffsetStore } from '../graph/offsets.ts';
import { createWriter, type MappedEvent } from '../graph/writer.ts';
import type { Logger } from '../logger.ts';
import { untilDone } from '../stream/retry.ts';
import { isMemory, isTooMuch, UNWRITABLE } from './unwritable.ts';

/** An event to fold, and the document that it came from. */
export interface ReplayEvent {
  readonly actions: readonly GraphAction[];
  readonly document: string;
  readonly place: string;
}

/** An event that the database refuses. */
export interface Unwritable extends Refusal {
  /** SHA-256 of the document's uncompressed bytes, in hexadecimal. */
  readonly document: string;
}

export interface FolderDeps {
  readonly driver: Driver;
  readonly knowledge: Knowledge;
  readonly logger: Logger;
  /** Told of each event that the database refuses; the others are written all the same. */
  refused(event: Unwritable): void;
  /** Told how many events are in the database now. */
  written(events: number): void;
}

const WRITE_EVENTS = 5_000;
const REPLAY = { group: 'avd.replay', topic: 'replay', partition: 0 } as const;
const FOREVER = { signal: new AbortController().signal };

/**
 * Gathers events and writes them in batches, counted by a position of their own in the database. Waits while the
 * database is away, and finds the events that it refuses, as a consumer does.
 */
export function createFolder({ driver, knowledge, logger, refused, written }: FolderDeps) {
  const rankOf = (id: string) => knowledge.sources.get(id)?.rank ?? Number.MAX_SAFE_INTEGER;
  const writer = createWriter({ driver, rankOf });
  const offsets = createOffsetStore(driver);
  let position = 0;
  let gathered: ReplayEvent[] = [];

  const write = async (events: readonly MappedEvent[]): Promise<void> => {
    const next = position + events.length;
    const once = async () => {
      try {
        await unlessDone(offsets, next, writer.write({ ...REPLAY, from: position, next, events }));
      } catch (error) {
        // What is too much for one transaction is not tried again: it is made smaller.
        if (isTooMuch(error, events.length)) return { error };
        throw error;
      }
      return undefined;
    };
    const tooMuch = await untilDone(once, { ...FOREVER, logger });
    if (tooMuch !== undefined) throw tooMuch.error;
    position = next;
    written(events.length);
  };

  const writeIsolating = async (events: readonly ReplayEvent[]): Promise<void> => {
    try {
      await write(events.map(asMapped));
    } catch (error) {
      const [only] = events;
      if (!isTooMuch(error, events.length) || only === undefined) throw error;
      if (events.length === 1) return await refuse(only, error);
      const half = Math.ceil(events.length / 2);
      await writeIsolating(events.slice(0, half));
      await writeIsolating(events.slice(half));
    }
  };

  const refuse = async ({ place, document }: ReplayEvent, error: unknown): Promise<void> => {
    if (isMemory(error)) throw error;
    await write([{ actions: [], outcome: 'dead-lettered' }]);
    refused({ ...refuseAt(place, UNWRITABLE), document });
  };

  const flush = async (): Promise<void> => {
    const events = gathered;
    gathered = [];
    if (events.length > 0) await writeIsolating(events);
  };

  return {
    async add(event: ReplayEvent): Promise<void> {
      gathered.push(event);
      if (gathered.length >= WRITE_EVENTS) await flush();
    },
    flush,
    /** What became of all that was written. An answer that was lost on its way counts here too. */
    async counters() {
      const rows = await untilDone(() => offsets.all(), { ...FOREVER, logger });
      const row = rows?.find(({ group }) => group === REPLAY.group);
      return { applied: row?.applied ?? 0, superseded: row?.superseded ?? 0 };
    },
  };
}

function asMapped({ actions }: ReplayEvent): MappedEvent {
  return { actions, outcome: actions.length > 0 ? 'mapped' : 'filtered' };
}

/** An answer may get lost on its way although the transaction was committed: then the position is where it should be. */
async function unlessDone(offsets: OffsetStore, next: number, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const isFenced = error instanceof AppError && error.code === 'FENCED';
    const stored = isFenced ? await offsets.read(REPLAY.group, REPLAY.topic, REPLAY.partition) : undefined;
    if (stored?.next !== next) throw error;
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../logger.ts';
import type { StreamProducer } from './producer.ts';
import { untilDone } from './retry.ts';
import { EVENT_HEADERS } from './topics.ts';

/** One change, as its topic will hold it. */
export interface Change {
  readonly topic: string;
  readonly key: string;
  readonly value: Uint8Array;
  /** Deterministic, so that a reader knows a repeat. */
  readonly id: string;
}

/** Changes that were stored in the same transaction as what they tell of, oldest first. */
export interface Outbox {
  take(limit: number): Promise<readonly { readonly id: string; readonly changes: readonly Change[] }[]>;
  remove(ids: readonly string[]): Promise<void>;
}

const ENTRIES_AT_ONCE = 20;
/** How often is looked for what other processes have left, in ms. */
const LOOK_EVERY_MS = 400;
/** At least this long from one look to the next, in ms: what many small slices leave is published together. */
const PACE_MS = 100;

/**
 * Publishes what the outbox holds, at least once and in order of creation: an entry is removed only when all of its
 * changes are durable in Kafka.
 */
export function createChangeRelay(outbox: Outbox, producer: StreamProducer, logger: Logger) {
  /** @returns whether there was anything to publish */
  const publishSome = async (): Promise<boolean> => {
    const entries = await outbox.take(ENTRIES_AT_ONCE);
    if (entries.length === 0) return false;
    const byTopic = new Map<string, Change[]>();
    for (const change of entries.flatMap((entry) => entry.changes)) {
      const changes = byTopic.get(change.topic);
      if (changes === undefined) byTopic.set(change.topic, [change]);
      else changes.push(change);
    }
    await Promise.all(
      [...byTopic].map(([topic, changes]) =>
        producer.send(
          topic,
          changes.map(({ key, value, id }) => ({ key, value, headers: { [EVENT_HEADERS.id]: id } })),
        ),
      ),
    );
    await outbox.remove(entries.map((entry) => entry.id));
    return true;
  };

  let hasMore = false;
  let endPause = (): void => undefined;
  const wake = (): void => {
    hasMore = true;
    endPause();
  };
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, LOOK_EVERY_MS);
      endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  return {
    /** Call when something was put into the outbox: it is published at once. */
    wake,
    /** Publishes until `signal` aborts. */
    async run(signal: AbortSignal): Promise<void> {
      signal.addEventListener('abort', wake, { once: true });
      while (!signal.aborted) {
        hasMore = false;
        const paced = sleep(PACE_MS, undefined, { signal }).catch(() => undefined);
        const published = await untilDone(publishSome, { signal, logger });
        if (published === false && !hasMore && !signal.aborted) await pause();
        await paced;
      }
    },
    /** Publishes until the outbox is empty. */
    async drain(signal: AbortSignal): Promise<void> {
      while ((await untilDone(publishSome, { signal, logger })) === true);
    },
  };
}

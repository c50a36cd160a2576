import { randomUUID } from 'node:crypto';
import type { Logger } from '../logger.ts';
import { createStreamConsumer } from '../stream/consumer.ts';
import { type Kafka, withAdmin } from '../stream/kafka.ts';
import { positionKey } from '../stream/positions.ts';
import type { StreamSlice } from '../stream/slices.ts';
import { handleTogether, PARTITIONS_AT_ONCE } from '../stream/together.ts';

/** Messages of one partition, in order: up to, not including, position `next`. */
export interface ChangeSlice {
  readonly topic: string;
  readonly partition: number;
  readonly next: number;
  readonly values: readonly (Uint8Array | null)[];
}

export interface Followed {
  readonly topics: readonly string[];
  /** Where to begin and, after a loss of Kafka, to go on; by `positionKey`. */
  readonly positions: ReadonlyMap<string, number>;
  /**
   * Takes slices of different partitions, those of one fetch together. What it can't take for now, by a retryable
   * AppError, comes again; it is not called again before it is done.
   */
  handle(slices: readonly ChangeSlice[]): Promise<void>;
}

/**
 * Follows topics until `signal` aborts; `handle` may still be at work then, but is not called again.
 * @throws what `handle` threw, if not retryable; AppError OFFSET_OUT_OF_RANGE
 */
export type Follow = (followed: Followed, signal: AbortSignal) => Promise<void>;

/** Follows topics on this thread, in a group of its own that is gone afterwards, where Kafka answers. */
export function followHere(kafka: Kafka, logger: Logger): Follow {
  return async ({ topics, positions, handle }, signal) => {
    const group = `avd.exposure.${randomUUID()}`;
    const consumer = createStreamConsumer({
      kafka,
      group,
      topics,
      logger,
      concurrency: PARTITIONS_AT_ONCE,
      store: {
        read: async (_, topic, partition) => {
          const next = positions.get(positionKey(topic, partition));
          return next === undefined ? undefined : { next };
        },
      },
      handle: handleTogether((slices) => handle(slices.map(toChanges)), { atOnce: 1, isOfAll: () => true }),
    });
    const stop = (): void => consumer.stop();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      await consumer.run();
    } finally {
      signal.removeEventListener('abort', stop);
      await withAdmin(kafka, (admin) => admin.deleteGroups([group])).catch(() => undefined);
    }
  };
}

const toChanges = ({ topic, partition, next, records }: StreamSlice): ChangeSlice => ({
  topic,
  partition,
  next,
  values: records.map(({ value }) => value),
});

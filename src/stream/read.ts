import { randomUUID } from 'node:crypto';
import type { Consumer, EachBatchPayload } from 'kafkajs';
import { AppError } from '../errors.ts';
import { isKafkaError } from './assignment.ts';
import { type Kafka, logEnds, withAdmin } from './kafka.ts';
import { positionKey } from './positions.ts';
import { startPulse } from './pulse.ts';
import { type StreamSlice, slices } from './slices.ts';

type Handle = (slice: StreamSlice) => Promise<void>;

/**
 * Reads `topics` from their start to where they ended when it began, in order within each partition, and keeps nothing
 * in Kafka. The next slice waits for `handle`, so memory stays bounded.
 * @throws what `handle` threw; AppError STREAM_UNAVAILABLE where Kafka went away
 */
export async function readToEnd(kafka: Kafka, topics: readonly string[], handle: Handle): Promise<void> {
  const ends = new Map<string, number>();
  for (const { topic, partition, start, end } of await logEnds(kafka, topics)) {
    if (start < end) ends.set(positionKey(topic, partition), end);
  }
  if (ends.size === 0) return;
  const groupId = `avd.reader.${randomUUID()}`;
  const consumer = kafka.consumer({
    groupId,
    maxBytesPerPartition: 4 * 1024 * 1024,
    maxBytes: 32 * 1024 * 1024,
    maxWaitTimeInMs: 500,
    retry: { retries: 8, restartOnFailure: async () => false },
  });
  try {
    await consumeUntil(consumer, topics, createReader(ends, handle));
  } catch (error) {
    throw isKafkaError(error) ? new AppError('STREAM_UNAVAILABLE', 'Kafka went away while reading', {}, error) : error;
  } finally {
    await consumer.disconnect().catch(() => undefined);
    await withAdmin(kafka, (admin) => admin.deleteGroups([groupId])).catch(() => undefined);
  }
}

/** Hands batches to `read` until it says that nothing is left. */
async function consumeUntil(
  consumer: Consumer,
  topics: readonly string[],
  read: (batch: EachBatchPayload['batch']) => Promise<boolean>,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let failed = false;
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    const eachBatch = async ({ batch, heartbeat }: EachBatchPayload): Promise<void> => {
      if (failed) return;
      const pulse = startPulse(heartbeat);
      try {
        if (await read(batch)) resolve();
      } catch (error) {
        // Not thrown: the client would hand out the batch again.
        failed = true;
        reject(error);
      } finally {
        pulse.stop();
      }
    };
    const start = async () => {
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics], fromBeginning: true });
      await consumer.run({ autoCommit: false, eachBatch });
    };
    start().catch(reject);
  });
}

/** Each partition up to its end in `ends`, once; says whether all are read. */
function createReader(ends: ReadonlyMap<string, number>, handle: Handle) {
  const left = new Set(ends.keys());
  const next = new Map<string, number>();
  return async (batch: EachBatchPayload['batch']): Promise<boolean> => {
    const key = positionKey(batch.topic, batch.partition);
    const end = ends.get(key) ?? 0;
    for (const slice of slices(batch, Number(batch.firstOffset()))) {
      // A membership that was lost begins again at the start of the log: what was handed out is not repeated.
      const from = Math.max(next.get(key) ?? 0, slice.from);
      const records = slice.records.filter(({ offset }) => offset >= from && offset < end);
      if (records.length > 0) await handle({ ...slice, from, records });
      next.set(key, Math.max(slice.next, from));
      if (slice.next >= end) left.delete(key);
    }
    return left.size === 0;
  };
}

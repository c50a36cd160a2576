import { randomUUID } from 'node:crypto';
import { AppError } from '../errors.ts';
import { type Kafka, logEnds, withAdmin } from './kafka.ts';
import { positionKey } from './positions.ts';
import { startPulse } from './pulse.ts';
import { slices, type StreamSlice } from './slices.ts';

/**
 * Reads `topics` from their start to where they ended when it began, in order within each partition, and keeps nothing
 * in Kafka. The next slice waits for `handle`, so memory stays bounded.
 * @throws what `handle` threw; AppError STREAM_UNAVAILABLE where Kafka went away
 */
export async function readToEnd(
  kafka: Kafka,
  topics: readonly string[],
  handle: (slice: StreamSlice) => Promise<void>,
): Promise<void> {
  const left = new Map<string, number>();
  for (const { topic, partition, start, end } of await logEnds(kafka, topics)) {
    if (start < end) left.set(positionKey(topic, partition), end);
  }
  if (left.size === 0) return;
  const groupId = `avd.reader.${randomUUID()}`;
  const consumer = kafka.consumer({
    groupId,
    maxBytesPerPartition: 4 * 1024 * 1024,
    maxBytes: 32 * 1024 * 1024,
    maxWaitTimeInMs: 500,
    retry: { retries: 8, restartOnFailure: async () => false },
  });
  try {
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      const next = new Map<string, number>();
      let failed = false;
      const start = async () => {
        await consumer.connect();
        await consumer.subscribe({ topics: [...topics], fromBeginning: true });
        await consumer.run({
          autoCommit: false,
          eachBatch: async ({ batch, heartbeat }) => {
            if (failed) return;
            const key = positionKey(batch.topic, batch.partition);
            const pulse = startPulse(heartbeat);
            try {
              for (const slice of slices(batch, Number(batch.firstOffset()))) {
                const end = left.get(key);
                // A membership that was lost begins again at the start of the log: what was handed out is not repeated.
                const from = Math.max(next.get(key) ?? 0, slice.from);
                const records = slice.records.filter((r) => r.offset >= from && r.offset < (end ?? 0));
                if (records.length > 0) await handle({ ...slice, from, records });
                next.set(key, Math.max(slice.next, from));
                if (end !== undefined && slice.next >= end) left.delete(key);
              }
            } catch (error) {
              failed = true;
              reject(error);
            } finally {
              pulse.stop();
            }
            if (left.size === 0) resolve();
          },
        });
      };
      start().catch(reject);
    });
  } catch (error) {
    const kafkaFailed = error instanceof Error && error.name.startsWith('KafkaJS');
    throw kafkaFailed ? new AppError('STREAM_UNAVAILABLE', 'Kafka went away while reading', {}, error) : error;
  } finally {
    await consumer.disconnect().catch(() => undefined);
    await withAdmin(kafka, (admin) => admin.deleteGroups([groupId])).catch(() => undefined);
  }
}

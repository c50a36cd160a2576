import { randomUUID } from 'node:crypto';
import type { Consumer, EachBatchPayload } from 'kafkajs';
import { AppError } from '../errors.ts';
import { isKafkaError } from './assignment.ts';
import { type Kafka, logEnds, withAdmin } from './kafka.ts';
import { positionKey } from './positions.ts';
import { startPulse } from './pulse.ts';
import { pauseAfter } from './retry.ts';
import { type StreamSlice, slices } from './slices.ts';

type Handle = (slice: StreamSlice) => Promise<void>;

/**
 * Reads `topics` from their start to where they ended when it began, in order within each partition, and keeps nothing
 * in Kafka. The next slice waits for `handle`, so memory stays bounded. Where Kafka goes away, it is tried `attempts`
 * times in a row, with nothing read between.
 * @throws what `handle` threw; AppError STREAM_UNAVAILABLE where Kafka went away
 */
export async function readToEnd(
  kafka: Kafka,
  topics: readonly string[],
  handle: Handle,
  { attempts = ATTEMPTS }: { readonly attempts?: number } = {},
): Promise<void> {
  const ends = new Map<string, number>();
  for (const { topic, partition, start, end } of await logEnds(kafka, topics)) {
    if (start < end) ends.set(positionKey(topic, partition), end);
  }
  if (ends.size === 0) return;
  const reader = createReader(ends, handle);
  for (let failures = 1, before = 0; ; failures++) {
    try {
      return await readOn(kafka, topics, reader);
    } catch (error) {
      if (!isKafkaError(error)) throw error;
      if (reader.handled() > before) failures = 1;
      before = reader.handled();
      if (failures === attempts) throw new AppError('STREAM_UNAVAILABLE', 'Kafka went away while reading', {}, error);
      await pauseAfter(failures, new AbortController().signal);
    }
  }
}

const ATTEMPTS = 10;

type Reader = ReturnType<typeof createReader>;

/** Goes on from where the reader is, to the end, as the only member of a group of its own. */
async function readOn(kafka: Kafka, topics: readonly string[], reader: Reader): Promise<void> {
  const groupId = `avd.reader.${randomUUID()}`;
  const consumer = kafka.consumer({
    groupId,
    maxBytesPerPartition: 4 * 1024 * 1024,
    maxBytes: 32 * 1024 * 1024,
    maxWaitTimeInMs: 500,
    retry: { retries: 8, restartOnFailure: async () => false },
  });
  try {
    await consumeUntil(consumer, topics, reader);
  } finally {
    await consumer.disconnect().catch(() => undefined);
    await withAdmin(kafka, (admin) => admin.deleteGroups([groupId])).catch(() => undefined);
  }
}

/** Hands batches to the reader until it is over. */
async function consumeUntil(consumer: Consumer, topics: readonly string[], reader: Reader): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    reader.over.then(resolve, reject);
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    consumer.on(consumer.events.GROUP_JOIN, () => {
      for (const position of reader.positions()) consumer.seek(position);
    });
    const eachBatch = async ({ batch, heartbeat, isStale }: EachBatchPayload): Promise<void> => {
      if (isStale()) return;
      const pulse = startPulse(heartbeat);
      try {
        // Its failure ends the reading; thrown here, the client would hand out the batch again.
        await reader.read(batch).catch(() => undefined);
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

/**
 * Each partition up to its end in `ends`, once, over any number of memberships. A membership that is lost may leave a
 * batch behind that is still worked on: the next one waits for it, and for nobody else's end.
 */
function createReader(ends: ReadonlyMap<string, number>, handle: Handle) {
  const left = new Set(ends.keys());
  const next = new Map<string, { topic: string; partition: number; offset: number }>();
  let handled = 0;
  let queue = Promise.resolve();
  const { promise: over, resolve: finish, reject: fail } = withResolvers();
  over.catch(() => undefined);

  const readBatch = async (batch: EachBatchPayload['batch']): Promise<void> => {
    const { topic, partition } = batch;
    const key = positionKey(topic, partition);
    const end = ends.get(key) ?? 0;
    for (const slice of slices(batch, Number(batch.firstOffset()))) {
      const from = Math.max(next.get(key)?.offset ?? 0, slice.from);
      const records = slice.records.filter(({ offset }) => offset >= from && offset < end);
      if (records.length > 0) await handle({ ...slice, from, records });
      handled += records.length;
      next.set(key, { topic, partition, offset: Math.max(slice.next, from) });
      if (slice.next >= end) left.delete(key);
    }
    if (left.size === 0) finish();
  };

  return {
    /** Hands out what is new of a batch, one batch after the other. After a failure it fails at once. */
    read(batch: EachBatchPayload['batch']): Promise<void> {
      queue = queue.then(() => readBatch(batch));
      queue.catch(fail);
      return queue;
    },
    /** Fulfilled when everything is read, by whichever membership; rejects with what `handle` threw. */
    over,
    handled: () => handled,
    /** Where a new membership goes on. */
    positions: () => [...next.values()].map((position) => ({ ...position, offset: String(position.offset) })),
  };
}

function withResolvers() {
  let resolve = () => {};
  let reject = (_error: unknown) => {};
  const promise = new Promise<void>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}

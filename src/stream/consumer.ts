import type { Consumer, EachBatchPayload } from 'kafkajs';
import { AppError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Kafka } from './kafka.ts';
import { type Assigned, locate, positionKey, type Positions, type PositionStore } from './positions.ts';
import { startPulse } from './pulse.ts';
import { pauseAfter, untilDone } from './retry.ts';
import { slices, type StreamSlice } from './slices.ts';

export interface ConsumerOptions {
  readonly kafka: Kafka;
  readonly group: string;
  readonly topics: readonly string[];
  readonly store: PositionStore;
  /** Partitions that are handled at the same time. */
  readonly concurrency: number;
  readonly logger: Logger;
  /**
   * Returns when what the slice says is durable and the stored position is the slice's `next`.
   * Throws AppError FENCED where the stored position was not `from`; a retryable AppError where a server is away.
   * Anything else stops the consumer.
   */
  handle(slice: StreamSlice): Promise<void>;
}

export interface StreamConsumer {
  /** Consumes until `stop`. @throws what no retry cures, such as AppError OFFSET_OUT_OF_RANGE */
  run(): Promise<void>;
  /** Finishes the slices at hand and leaves the group; `run` then returns. */
  stop(): void;
}

// A killed process holds its partitions until its session ends, so the session is short; heartbeats go on while a slice
// is worked on.
const SESSION_TIMEOUT = 10_000;
const HEARTBEAT_INTERVAL = 2_000;
// Several partitions shall fit one fetch, so that they are worked on side by side. A larger message still comes, alone:
// a broker gives at least the first message of the first partition that has one.
const PARTITION_BYTES = 2 * 1024 * 1024;
const FETCH_BYTES = 16 * 1024 * 1024;
const FETCH_WAIT = 500;

/** Why a consumer ended its run; the loop starts another unless the reason is final. */
class Final extends Error {}

/**
 * A member of a consumer group that takes its positions from `store` and not from Kafka: on each assignment it goes on
 * where the data ends. Rebalances and zombies are harmless, because a slice commits only from the position it was
 * fetched for. While a server is away it waits, without limit.
 */
export function createStreamConsumer(options: ConsumerOptions): StreamConsumer {
  const stopping = new AbortController();
  const { signal } = stopping;
  return {
    async run() {
      for (let failures = 1; !signal.aborted; failures++) {
        try {
          const joined = () => {
            failures = 0;
          };
          await live(options, signal, joined);
        } catch (error) {
          if (error instanceof Final) throw error.cause;
          options.logger.warn({ err: error, group: options.group }, 'the consumer lost Kafka and joins again');
          await pauseAfter(failures, signal);
        }
      }
    },
    stop: () => stopping.abort(),
  };
}

/** One membership, from joining to leaving. */
async function live(options: ConsumerOptions, signal: AbortSignal, joined: () => void): Promise<void> {
  const { kafka, group, topics } = options;
  const consumer = kafka.consumer({
    groupId: group,
    sessionTimeout: SESSION_TIMEOUT,
    heartbeatInterval: HEARTBEAT_INTERVAL,
    maxBytesPerPartition: PARTITION_BYTES,
    maxBytes: FETCH_BYTES,
    maxWaitTimeInMs: FETCH_WAIT,
    allowAutoTopicCreation: false,
    // Starting again is done in one place, by `run` above.
    retry: { initialRetryTime: 200, maxRetryTime: 2_000, retries: 5, restartOnFailure: async () => false },
  });
  const over = new AbortController();
  const ended = new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', () => resolve(), { signal: over.signal });
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    const fail = (error: unknown) => reject(isKafkaError(error) ? error : new Final('', { cause: error }));
    const assignment = createAssignment(options, consumer, signal, fail);
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      joined();
      assignment.begin(payload.memberAssignment);
    });
    const start = async () => {
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: options.concurrency,
        eachBatch: assignment.eachBatch,
      });
    };
    start().catch(reject);
  });
  try {
    await ended;
  } finally {
    over.abort();
    await consumer.disconnect().catch(() => undefined);
  }
}

/** What one member does with the partitions it was given, generation after generation. */
function createAssignment(
  options: ConsumerOptions,
  consumer: Consumer,
  signal: AbortSignal,
  fail: (error: unknown) => void,
) {
  const { kafka, store, group, logger } = options;
  let generation: Promise<Positions | undefined> = Promise.resolve(undefined);

  const locateAll = (assigned: Assigned) =>
    untilDone(() => locate(kafka, store, group, assigned), { signal, logger });

  const locateOne = async (topic: string, partition: number): Promise<number | undefined> =>
    (await locateAll({ [topic]: [partition] }))?.get(positionKey(topic, partition));

  const seek = (topic: string, partition: number, next: number) =>
    consumer.seek({ topic, partition, offset: String(next) });

  /** Looks the position up again, and fetches from there. */
  const relocate = async (positions: Positions, topic: string, partition: number): Promise<void> => {
    const next = await locateOne(topic, partition);
    if (next === undefined) return;
    positions.set(positionKey(topic, partition), next);
    seek(topic, partition, next);
  };

  return {
    begin(assigned: Assigned): void {
      generation = locateAll(assigned);
      generation
        .then((positions) => {
          for (const [topic, partitions] of Object.entries(assigned)) {
            for (const partition of partitions) {
              const next = positions?.get(positionKey(topic, partition));
              if (next !== undefined) seek(topic, partition, next);
            }
          }
        })
        .catch(fail);
    },

    async eachBatch(payload: EachBatchPayload): Promise<void> {
      const { batch, heartbeat, isRunning, isStale, resolveOffset, commitOffsetsIfNecessary } = payload;
      const { topic, partition } = batch;
      const key = positionKey(topic, partition);
      const pulse = startPulse(heartbeat);
      try {
        const positions = await generation;
        const from = positions?.get(key);
        if (positions === undefined || from === undefined || isStale()) return;
        // Kafka hands out another place than asked for where the log no longer has it, or where positions hold no message.
        if (!(await isExpected(batch, from))) return await relocate(positions, topic, partition);
        for (const slice of slices(batch, from)) {
          pulse.check();
          if (!isRunning() || isStale() || signal.aborted) return;
          const work = () => options.handle(slice).then(() => true);
          const done = await untilDone(work, { signal: AbortSignal.any([signal, pulse.signal]), logger });
          if (done !== true) break;
          positions.set(key, slice.next);
          resolveOffset(String(slice.next - 1));
        }
        pulse.check();
        // For whoever watches the group with Kafka's own tools; nothing here reads it.
        const offset = String(positions.get(key));
        await commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset }] }] });
      } catch (error) {
        if (isKafkaError(error) || pulse.signal.aborted) throw error;
        if (error instanceof AppError && error.code === 'FENCED') {
          logger.warn({ topic, partition }, 'another consumer wrote this partition, going on from its position');
          const positions = await generation;
          if (positions !== undefined) await relocate(positions, topic, partition);
        } else fail(error);
      } finally {
        pulse.stop();
      }
    },
  };

  async function isExpected(batch: EachBatchPayload['batch'], from: number): Promise<boolean> {
    const first = Number(batch.firstOffset());
    if (first === from) return true;
    return first > from && (await locateOne(batch.topic, batch.partition)) === from;
  }
}

/** The client's own errors go back to it: it joins again, refreshes what it knows, or gives up and is started anew. */
function isKafkaError(error: unknown): boolean {
  return error instanceof Error && error.name.startsWith('KafkaJS');
}

import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AssignmentOptions, createAssignment, isKafkaError } from './assignment.ts';
import { oneMember } from './one-member.ts';
import { pauseAfter } from './retry.ts';

export interface ConsumerOptions extends AssignmentOptions {
  readonly topics: readonly string[];
  /** Partitions that are handled at the same time. */
  readonly concurrency: number;
  /** One member of the group has all partitions, and the others wait for its end. */
  readonly exclusive?: boolean;
  /** Told whenever the group has handed out its partitions anew. */
  readonly onAssigned?: () => void;
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
/** How long one that shall end is given to join first. */
const LONGEST_JOIN_MS = 5_000;

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
  // Each batch at hand listens.
  setMaxListeners(0, signal);
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
          const reason = error instanceof Error ? error.message : String(error);
          options.logger.warn({ reason, group: options.group }, 'the consumer lost Kafka and joins again');
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
    ...(options.exclusive === true && { partitionAssigners: [oneMember] }),
    // Starting again is done in one place, by `run` above.
    retry: { initialRetryTime: 200, maxRetryTime: 2_000, retries: 5, restartOnFailure: async () => false },
  });
  const over = new AbortController();
  let begun = Promise.resolve();
  const ended = new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', () => resolve(), { signal: over.signal });
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    const fail = (error: unknown) => reject(isKafkaError(error) ? error : new Final('', { cause: error }));
    const assignment = createAssignment(options, consumer, signal, fail);
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      joined();
      options.onAssigned?.();
      assignment.begin(payload.memberAssignment);
    });
    const start = async () => {
      await consumer.connect();
      if (signal.aborted) return;
      await consumer.subscribe({ topics: [...topics], fromBeginning: true });
      if (signal.aborted) return;
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: options.concurrency,
        eachBatch: assignment.eachBatch,
      });
    };
    begun = start();
    begun.catch(reject);
  });
  try {
    await ended;
  } finally {
    over.abort();
    // The client forgets a member that it is told to end before it has joined, and that one lives on.
    await Promise.race([begun.catch(() => undefined), sleep(LONGEST_JOIN_MS, undefined, { ref: false })]);
    await consumer.disconnect().catch(() => undefined);
  }
}

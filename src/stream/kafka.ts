import { setTimeout as sleep } from 'node:timers/promises';
import { type Admin, type ITopicConfig, Kafka, logLevel } from 'kafkajs';
import { AppError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { CHANGE_TOPICS, DEAD_LETTER_TOPICS, privateChangeTopic, RAW_TOPICS, TYPED_TOPICS } from './topics.ts';

export type { Kafka } from 'kafkajs';

/** A message may be a document of 16 MiB and its headers. */
export const MAX_MESSAGE_BYTES = 17 * 1024 * 1024;

/** Topics whose order across subjects matters: merges and withdrawals have one writer each. */
const SINGLE_PARTITION: ReadonlySet<string> = new Set([TYPED_TOPICS.mergeStated, TYPED_TOPICS.sourceWithdrawn]);

/** Every topic that AVD reads or writes, but for those of tenants that have sources of their own. */
export const ALL_TOPICS: readonly string[] = [
  ...Object.values(RAW_TOPICS),
  ...Object.values(TYPED_TOPICS),
  ...Object.values(CHANGE_TOPICS),
  ...Object.values(DEAD_LETTER_TOPICS),
];

/** Where the log of one partition begins and ends: `end` is the offset that the next message will get. */
export interface LogEnd {
  readonly topic: string;
  readonly partition: number;
  readonly start: number;
  readonly end: number;
}

/**
 * The client that everything in this folder shares. It connects to nothing by itself.
 * What the client says is for debugging: its callers retry, and say themselves what they wait for.
 */
export function createKafka(brokers: readonly string[], logger?: Logger): Kafka {
  return new Kafka({
    clientId: 'avd',
    brokers: [...brokers],
    connectionTimeout: 3_000,
    requestTimeout: 30_000,
    retry: { initialRetryTime: 200, maxRetryTime: 5_000, retries: 8 },
    logLevel: logger === undefined ? logLevel.NOTHING : logLevel.INFO,
    logCreator:
      () =>
      ({ namespace, level, log }) => {
        const { message, timestamp: _, logger: __, ...fields } = log;
        logger?.debug({ kafka: message, namespace, severity: level, ...fields }, 'kafka client');
      },
  });
}

/**
 * Runs `work` with a connected admin client, and disconnects it whatever happens.
 * @throws AppError STREAM_UNAVAILABLE when the broker stays away
 */
export async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await work(admin);
  } catch (error) {
    throw error instanceof AppError ? error : new AppError('STREAM_UNAVAILABLE', 'Kafka does not answer', {}, error);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

interface TopicOptions {
  readonly partitions: number;
  readonly replication?: number;
  /** Those that have sources of their own: each has a topic for what changes of its claims. */
  readonly tenants?: readonly string[];
}

/**
 * Creates the topics that are missing; those that exist are left as they are.
 * Raw and typed topics are kept for ever: replay is the proof of everything.
 */
export async function ensureTopics(
  kafka: Kafka,
  { partitions, replication = 1, tenants = [] }: TopicOptions,
): Promise<void> {
  await withAdmin(kafka, async (admin) => {
    const existing = new Set(await admin.listTopics());
    const wanted = [...ALL_TOPICS, ...tenants.map(privateChangeTopic)];
    const missing = wanted.filter((topic) => !existing.has(topic));
    if (missing.length === 0) return;
    const config = (topic: string): ITopicConfig => ({
      topic,
      numPartitions: SINGLE_PARTITION.has(topic) ? 1 : partitions,
      replicationFactor: replication,
      configEntries: [
        { name: 'retention.ms', value: '-1' },
        { name: 'max.message.bytes', value: String(MAX_MESSAGE_BYTES) },
      ],
    });
    await admin.createTopics({ topics: missing.map(config), waitForLeaders: true });
  });
}

/** Where the log of each partition of `topics` begins and ends now. @throws AppError STREAM_UNAVAILABLE */
export async function logEnds(kafka: Kafka, topics: readonly string[]): Promise<LogEnd[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await withAdmin(kafka, async (admin) =>
        (await Promise.all(topics.map((t) => topicEnds(admin, t)))).flat(),
      );
    } catch (error) {
      // A broker may be told later than its clients that it leads a partition; the client doesn't wait for it by itself.
      if (attempt === 10 || !isNotYetLeading(error)) throw error;
      await sleep(200);
    }
  }
}

async function topicEnds(admin: Admin, topic: string): Promise<LogEnd[]> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets.map(({ partition, low, high }) => ({ topic, partition, start: Number(low), end: Number(high) }));
}

function isNotYetLeading(error: unknown): boolean {
  const cause = error instanceof AppError ? error.cause : undefined;
  const type = cause instanceof Error && 'type' in cause ? cause.type : undefined;
  return type === 'NOT_LEADER_FOR_PARTITION' || type === 'LEADER_NOT_AVAILABLE';
}

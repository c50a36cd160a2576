import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { OffsetStore } from '../graph/offsets.ts';
import { type Kafka, logEnds } from '../stream/kafka.ts';
import { DEAD_LETTER_TOPICS, GROUPS, type Group, RAW_TOPICS, TYPED_TOPICS } from '../stream/topics.ts';

/** Where one stage stands in one partition. */
export interface PartitionStatus {
  readonly group: Group;
  readonly topic: string;
  readonly partition: number;
  /** The first position that the stage was to handle. */
  readonly first: number;
  /** The position after the last one that is durable. */
  readonly next: number;
  /** The position that the next message will get. */
  readonly end: number;
  readonly lag: number;
  readonly applied: number;
  readonly superseded: number;
  readonly filtered: number;
  readonly deadLettered: number;
  /** Whether the four counters add up to next − first. */
  readonly balanced: boolean;
}

export interface StreamStatus {
  readonly partitions: readonly PartitionStatus[];
  /** Messages in each dead-letter topic, redriven ones and the notes of their redrive included. */
  readonly deadLetters: Readonly<Record<string, number>>;
}

/** The stages in the order in which a document passes them. */
const STAGES: readonly { readonly group: Group; readonly topics: readonly string[] }[] = [
  { group: GROUPS.fanOut, topics: Object.values(RAW_TOPICS) },
  { group: GROUPS.graph, topics: Object.values(TYPED_TOPICS) },
];

export interface Streams {
  readonly kafka: Kafka;
  readonly offsets: OffsetStore;
}

/** Every partition of both stages, by stage, topic and partition. */
export async function readStreamStatus(streams: Streams): Promise<StreamStatus> {
  const partitions: PartitionStatus[] = [];
  for (const stage of STAGES) partitions.push(...(await readStage(streams, stage)));
  const letters = await logEnds(streams.kafka, Object.values(DEAD_LETTER_TOPICS));
  const deadLetters: Record<string, number> = {};
  for (const { topic, start, end } of letters) deadLetters[topic] = (deadLetters[topic] ?? 0) + end - start;
  return { partitions, deadLetters };
}

/**
 * Log ends are read before positions: a stage that is said to have reached the end has reached at least that end.
 */
async function readStage({ kafka, offsets }: Streams, stage: (typeof STAGES)[number]): Promise<PartitionStatus[]> {
  const ends = await logEnds(kafka, stage.topics);
  const rows = (await offsets.all()).filter((row) => row.group === stage.group);
  const rowOf = new Map(rows.map((row) => [`${row.topic}/${row.partition}`, row]));
  return ends
    .map(({ topic, partition, start, end }) => {
      const row = rowOf.get(`${topic}/${partition}`);
      const { first, next, applied, superseded, filtered, deadLettered } = row ?? {
        ...NOTHING,
        first: start,
        next: start,
      };
      const balanced = applied + superseded + filtered + deadLettered === next - first;
      const lag = Math.max(0, end - next);
      return {
        group: stage.group,
        topic,
        partition,
        first,
        next,
        end,
        lag,
        applied,
        superseded,
        filtered,
        deadLettered,
        balanced,
      };
    })
    .sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition));
}

const NOTHING = { applied: 0, superseded: 0, filtered: 0, deadLettered: 0 };

/** Messages that some stage has not handled yet. */
export function lagOf(status: StreamStatus): number {
  return status.partitions.reduce((sum, partition) => sum + partition.lag, 0);
}

export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly progress?: (status: StreamStatus) => void;
}

/**
 * Returns when all that was ingested before the call is in the graph or dead-lettered. The first stage is read first:
 * once it has no lag, what it has made is in the topics whose ends are read next.
 * @throws AppError SERVER_NOT_READY after `timeoutMs`, saying how many messages are left.
 */
export async function waitUntilApplied(
  streams: Streams,
  { timeoutMs, signal, progress }: WaitOptions = {},
): Promise<StreamStatus> {
  const end = timeoutMs === undefined ? Infinity : Date.now() + timeoutMs;
  for (;;) {
    const status = await readStreamStatus(streams);
    const lag = lagOf(status);
    if (lag === 0) return status;
    if (Date.now() >= end) throw new AppError('SERVER_NOT_READY', `${lag} messages are not in the graph yet.`, { lag });
    progress?.(status);
    await sleep(500, undefined, signal && { signal });
  }
}

import { type Kafka, logEnds } from './kafka.ts';
import { positionKey } from './positions.ts';
import { GROUPS, type Group, RAW_TOPICS, TYPED_TOPICS } from './topics.ts';

/** The topics that each stage reads. */
export const STAGE_TOPICS = {
  [GROUPS.fanOut]: Object.values(RAW_TOPICS),
  [GROUPS.graph]: Object.values(TYPED_TOPICS),
} as const;

/** Every stored position. */
export interface PositionList {
  all(): Promise<readonly { group: string; topic: string; partition: number; next: number }[]>;
}

export interface PartitionLag {
  readonly group: Group;
  readonly topic: string;
  readonly partition: number;
  /** The stored position, or the log's start where nothing was read yet. */
  readonly next: number;
  readonly end: number;
}

/**
 * How far each stage is behind. Each stage's positions are read before the log's ends, and fan-out before graph: where
 * every lag is 0, all that had been produced when this began is in the graph or refused.
 */
export async function readLag(kafka: Kafka, store: PositionList): Promise<PartitionLag[]> {
  const lags: PartitionLag[] = [];
  for (const group of [GROUPS.fanOut, GROUPS.graph]) {
    const rows = await store.all();
    const stored = new Map(
      rows.filter((r) => r.group === group).map((r) => [positionKey(r.topic, r.partition), r.next]),
    );
    for (const { topic, partition, start, end } of await logEnds(kafka, STAGE_TOPICS[group])) {
      lags.push({ group, topic, partition, next: stored.get(positionKey(topic, partition)) ?? start, end });
    }
  }
  return lags;
}

/** Messages that wait, over all partitions. */
export function totalLag(lags: readonly PartitionLag[]): number {
  return lags.reduce((sum, { next, end }) => sum + Math.max(0, end - next), 0);
}

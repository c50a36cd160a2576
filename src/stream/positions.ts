import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import { type Kafka, type LogEnd, logEnds } from './kafka.ts';

/** Where positions are kept: beside the data, not in Kafka, so that both move in one transaction. */
export interface PositionStore {
  read(group: string, topic: string, partition: number): Promise<{ readonly next: number } | undefined>;
}

/** Partitions by topic, as a group's leader hands them out. */
export type Assigned = Readonly<Record<string, readonly number[]>>;

/** The next offset to read of each partition, by `positionKey`. */
export type Positions = Map<string, number>;

export const positionKey = (topic: string, partition: number): string => `${topic}/${partition}`;

/** After an election a broker may for a moment know less of its log than it holds. */
const LOOKS = 4;
const BETWEEN_LOOKS = 1_000;

/**
 * Reads where `group` goes on in each partition: at the stored position, else at the log's start.
 * @throws AppError OFFSET_OUT_OF_RANGE where a stored position is outside the log: then the graph and the log are not
 *   of the same history, and going on would lose or repeat messages in silence
 */
export async function locate(
  kafka: Kafka,
  store: PositionStore,
  group: string,
  assigned: Assigned,
): Promise<Positions> {
  for (let look = 1; ; look++) {
    // In this order: the log only grows, so a position that was stored before is not beyond an end that is read after.
    const stored = await readStored(store, group, assigned);
    const ends = (await logEnds(kafka, Object.keys(assigned))).filter((e) => assigned[e.topic]?.includes(e.partition));
    const outside = ends.find((end) => isOutside(end, stored));
    if (outside === undefined) {
      return new Map(ends.map((end) => [keyOf(end), stored.get(keyOf(end)) ?? end.start]));
    }
    if (look === LOOKS) {
      const details = { group, ...outside, stored: stored.get(keyOf(outside)) };
      throw new AppError('OFFSET_OUT_OF_RANGE', describe(details), details);
    }
    await sleep(BETWEEN_LOOKS);
  }
}

async function readStored(store: PositionStore, group: string, assigned: Assigned): Promise<Positions> {
  const stored: Positions = new Map();
  for (const [topic, partitions] of Object.entries(assigned)) {
    for (const partition of partitions) {
      const row = await store.read(group, topic, partition);
      if (row !== undefined) stored.set(positionKey(topic, partition), row.next);
    }
  }
  return stored;
}

const keyOf = (end: LogEnd): string => positionKey(end.topic, end.partition);

function isOutside(end: LogEnd, stored: Positions): boolean {
  const next = stored.get(keyOf(end));
  return next !== undefined && (next < end.start || next > end.end);
}

function describe({
  group,
  topic,
  partition,
  start,
  end,
  stored,
}: LogEnd & { group: string; stored: number | undefined }) {
  return (
    `${group} has read ${topic}, partition ${partition}, up to ${stored}, but its log holds ${start} to ${end}: ` +
    'the database and Kafka are of different histories; start with an empty database or restore the log.'
  );
}

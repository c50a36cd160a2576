import type { Knowledge } from '../../consumers/document.ts';
import { AppError } from '../errors.ts';
import type { Driver } from '../graph/driver.ts';
import { graphHash } from '../graph/hash.ts';
import { createOffsetStore } from '../graph/offsets.ts';
import { createWriter, type MappedEvent } from '../graph/writer.ts';
import { type Kafka, type LogEnd, logEnds } from '../stream/kafka.ts';
import { readToEnd } from '../stream/read.ts';
import type { StreamRecord, StreamSlice } from '../stream/slices.ts';
import { EVENT_HEADERS, GROUPS, RAW_TOPICS, TYPED_TOPICS } from '../stream/topics.ts';
import { countedAs, fanOutRecord } from './fan-out.ts';
import { mapRecord, mapTyped } from './mapping.ts';

export interface ReplayRequest {
  readonly kafka: Kafka;
  /** Of a database that is empty, migrated, and bound to the digest of `knowledge`. */
  readonly driver: Driver;
  readonly knowledge: Knowledge;
  /** Only events of this time (milliseconds since 1970, UTC) or before. */
  readonly until?: number | undefined;
  readonly progress?: (now: ReplayCounts) => void;
}

export interface ReplayCounts {
  /** Raw documents read. */
  documents: number;
  /** Of these, refused whole. */
  refused: number;
  /** Events folded. */
  events: number;
  /** Events after `until`, left out. */
  later: number;
  applied: number;
  superseded: number;
}

export interface ReplayReport extends ReplayCounts {
  readonly hash: string;
}

/** What people say of sources is no raw document; it is read as it was said. */
const GOVERNANCE: string = TYPED_TOPICS.sourceWithdrawn;
const RAW: readonly string[] = Object.values(RAW_TOPICS);
const TYPED: readonly string[] = Object.values(TYPED_TOPICS);
const WRITE_EVENTS = 5_000;
const REPLAY = { group: 'avd.replay', topic: 'replay', partition: 0 } as const;

/**
 * Folds everything that was ever taken in into an empty database: raw documents are fanned out again, in this process,
 * by today's rules, and nothing is produced. Afterwards, unless `until` cut it, consumers can go on from there: their
 * positions are set to where the logs ended when this began.
 */
export async function replay(request: ReplayRequest): Promise<ReplayReport> {
  const { kafka, driver, knowledge, until = Number.POSITIVE_INFINITY, progress } = request;
  const counts: ReplayCounts = { documents: 0, refused: 0, events: 0, later: 0, applied: 0, superseded: 0 };
  // Typed before raw: an event that lies before the typed end comes from a document that lies before the raw end.
  const typedEnds = await logEnds(kafka, TYPED);
  const rawEnds = await logEnds(kafka, RAW);
  const folder = createFolder(driver, knowledge, counts);

  const foldDocument = async (record: StreamRecord, { topic, partition }: StreamSlice): Promise<void> => {
    const result = fanOutRecord(record, topic, partition, knowledge);
    counts.documents++;
    if (countedAs(result) === 'deadLettered') counts.refused++;
    for (const event of result.events) {
      if (event.time <= until) await folder.add(mapTyped(event.topic, event.value, event));
      else counts.later++;
    }
  };
  const foldStatement = async (record: StreamRecord, topic: string): Promise<void> => {
    const mapped = mapRecord(record, topic);
    if ('code' in mapped) return;
    if (Date.parse(record.headers[EVENT_HEADERS.time] ?? '') <= until) await folder.add(mapped.actions);
    else counts.later++;
  };

  await readToEnd(kafka, [...RAW, GOVERNANCE], async (slice) => {
    for (const record of slice.records) {
      if (slice.topic === GOVERNANCE) await foldStatement(record, slice.topic);
      else await foldDocument(record, slice);
    }
    progress?.(counts);
  });
  await folder.flush();
  if (request.until === undefined) await setPositions(driver, rawEnds, typedEnds);
  return { ...counts, hash: await graphHash(driver) };
}

/** Gathers events and writes them in batches; its own position in the database counts them. */
function createFolder(driver: Driver, { sources }: Knowledge, counts: ReplayCounts) {
  const rankOf = (id: string) => sources.get(id)?.rank ?? Number.MAX_SAFE_INTEGER;
  const writer = createWriter({ driver, rankOf });
  const offsets = createOffsetStore(driver);
  let written = 0;
  let events: MappedEvent[] = [];

  const flush = async (): Promise<void> => {
    if (events.length === 0) return;
    const next = written + events.length;
    try {
      const { applied, superseded } = await writer.write({ ...REPLAY, from: written, next, events });
      counts.applied += applied;
      counts.superseded += superseded;
    } catch (error) {
      // An answer may get lost on its way although the transaction was committed.
      const isFenced = error instanceof AppError && error.code === 'FENCED';
      const position = isFenced ? await offsets.read(REPLAY.group, REPLAY.topic, REPLAY.partition) : undefined;
      if (position?.next !== next) throw error;
    }
    counts.events += events.length;
    written = next;
    events = [];
  };

  return {
    async add(actions: MappedEvent['actions']): Promise<void> {
      events.push({ actions, outcome: actions.length > 0 ? 'mapped' : 'filtered' });
      if (events.length >= WRITE_EVENTS) await flush();
    },
    flush,
  };
}

async function setPositions(driver: Driver, rawEnds: readonly LogEnd[], typedEnds: readonly LogEnd[]): Promise<void> {
  const offsets = createOffsetStore(driver);
  const counters = { applied: 0, superseded: 0, filtered: 0, deadLettered: 0 };
  const stages = [
    { group: GROUPS.fanOut, ends: rawEnds },
    { group: GROUPS.graph, ends: typedEnds },
  ];
  for (const { group, ends } of stages) {
    for (const { topic, partition, end } of ends) {
      await offsets.commit({ group, topic, partition, from: end, next: end, counters });
    }
  }
}

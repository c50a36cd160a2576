import type { Knowledge } from '../../consumers/document.ts';
import { restoreAlerts } from '../graph/alerts.ts';
import type { Driver } from '../graph/driver.ts';
import { graphHash } from '../graph/hash.ts';
import { createOffsetStore } from '../graph/offsets.ts';
import type { Logger } from '../logger.ts';
import { type Kafka, type LogEnd, logEnds } from '../stream/kafka.ts';
import { readToEnd } from '../stream/read.ts';
import { untilDone } from '../stream/retry.ts';
import type { StreamRecord, StreamSlice } from '../stream/slices.ts';
import { CHANGE_TOPICS, EVENT_HEADERS, GROUPS, RAW_TOPICS, TYPED_TOPICS } from '../stream/topics.ts';
import { countedAs, fanOutRecord } from './fan-out.ts';
import { mapRecord, mapTyped } from './mapping.ts';
import { sha256 } from './raw-document.ts';
import { createFolder, type Unwritable } from './replay-folder.ts';

export interface ReplayRequest {
  readonly kafka: Kafka;
  /** Of a database that is empty, migrated, and bound to the digest of `knowledge`. */
  readonly driver: Driver;
  readonly knowledge: Knowledge;
  /** Told when a server is away and waited for. */
  readonly logger: Logger;
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
  /** Events that the database refuses. */
  unwritable: number;
  /** Events after `until`, left out. */
  later: number;
}

export interface ReplayReport extends ReplayCounts {
  readonly applied: number;
  readonly superseded: number;
  /** The first events that the database refuses; `unwritable` counts them all. */
  readonly refusals: readonly Unwritable[];
  readonly hash: string;
}

/** What people say of sources, customers do and analysts decide is no raw document; it is read as it was said. */
const SAID: readonly string[] = [
  TYPED_TOPICS.sourceWithdrawn,
  TYPED_TOPICS.portfolioChanged,
  TYPED_TOPICS.decisionMade,
];
const RAW: readonly string[] = Object.values(RAW_TOPICS);
const TYPED: readonly string[] = Object.values(TYPED_TOPICS);
const MOST_REFUSALS = 100;
const FOREVER_TRIED = { attempts: Number.POSITIVE_INFINITY };
const FOREVER = { signal: new AbortController().signal };

/**
 * Folds everything that was ever taken in into an empty database: raw documents are fanned out again, in this process,
 * by today's rules, and nothing is produced. Afterwards, unless `until` cut it, consumers can go on from there: their
 * positions are set to where the logs ended when this began. Once it has begun, a server that goes away is waited for,
 * and an event that the database refuses keeps out no other.
 */
export async function replay(request: ReplayRequest): Promise<ReplayReport> {
  const { kafka, driver, knowledge, logger, until = Number.POSITIVE_INFINITY, progress } = request;
  const counts: ReplayCounts = { documents: 0, refused: 0, events: 0, unwritable: 0, later: 0 };
  const refusals: Unwritable[] = [];
  // Typed before raw: an event that lies before the typed end comes from a document that lies before the raw end.
  const typedEnds = await logEnds(kafka, TYPED);
  const rawEnds = await logEnds(kafka, RAW);
  const folder = createFolder({
    driver,
    knowledge,
    logger,
    refused(event) {
      counts.unwritable++;
      if (refusals.length < MOST_REFUSALS) refusals.push(event);
    },
    written(events) {
      counts.events += events;
      progress?.(counts);
    },
  });

  const foldDocument = async (record: StreamRecord, { topic, partition }: StreamSlice): Promise<void> => {
    const result = fanOutRecord(record, topic, partition, knowledge);
    counts.documents++;
    if (countedAs(result) === 'deadLettered') counts.refused++;
    const { document, place } = result;
    for (const event of result.events) {
      if (event.time > until) counts.later++;
      else await folder.add({ actions: mapTyped(event.topic, event.value, event), document, place });
    }
  };
  const foldStatement = async (record: StreamRecord, { topic, partition }: StreamSlice): Promise<void> => {
    const mapped = mapRecord(record, topic);
    if ('code' in mapped) return;
    const document = sha256(record.value ?? new Uint8Array());
    if (Date.parse(record.headers[EVENT_HEADERS.time] ?? '') > until) counts.later++;
    else await folder.add({ ...mapped, document, place: `${topic} ${partition}/${record.offset}` });
  };

  const fold = async (slice: StreamSlice): Promise<void> => {
    const one = SAID.includes(slice.topic) ? foldStatement : foldDocument;
    for (const record of slice.records) await one(record, slice);
  };
  await readToEnd(kafka, [...RAW, ...SAID], fold, FOREVER_TRIED);
  await folder.flush();
  await readToEnd(kafka, [CHANGE_TOPICS.alert], ({ records }) => restore(request, records), FOREVER_TRIED);
  const waiting = { ...FOREVER, logger };
  if (request.until === undefined) await untilDone(() => setPositions(driver, rawEnds, typedEnds), waiting);
  const hash = (await untilDone(() => graphHash(driver), waiting)) ?? '';
  return { ...counts, ...(await folder.counters()), refusals, hash };
}

/** What customers were warned of is theirs, though the facts be built again: nobody is warned twice. */
async function restore({ driver, logger, until }: ReplayRequest, records: readonly StreamRecord[]): Promise<void> {
  const raised = records.filter(({ value, timestamp }) => value !== null && timestamp <= (until ?? timestamp));
  const messages = raised.map(({ value }) => value ?? new Uint8Array());
  await untilDone(() => restoreAlerts(driver, messages), { ...FOREVER, logger });
}

/** May be repeated: a position that is set already stays. */
async function setPositions(driver: Driver, rawEnds: readonly LogEnd[], typedEnds: readonly LogEnd[]): Promise<void> {
  const offsets = createOffsetStore(driver);
  const counters = { applied: 0, superseded: 0, filtered: 0, deadLettered: 0 };
  const stages = [
    { group: GROUPS.fanOut, ends: rawEnds },
    { group: GROUPS.graph, ends: typedEnds },
  ];
  for (const { group, ends } of stages) {
    for (const { topic, partition, end } of ends) {
      if ((await offsets.read(group, topic, partition))?.next === end) continue;
      await offsets.commit({ group, topic, partition, from: end, next: end, counters });
    }
  }
}

import { AppError } from '../errors.ts';
import type { Slice } from '../graph/offsets.ts';
import type { MappedEvent, Writer } from '../graph/writer.ts';
import type { Logger } from '../logger.ts';
import { type DeadLetter, deadLetter, type RefusedPart, sendDeadLetters } from '../stream/dead-letters.ts';
import type { StreamProducer } from '../stream/producer.ts';
import type { StreamRecord, StreamSlice } from '../stream/slices.ts';
import type { HandleTogether } from '../stream/together.ts';
import { EVENT_HEADERS, GROUPS, RAW_TOPICS, STREAMS } from '../stream/topics.ts';
import { mapRecord } from './mapping.ts';
import { sha256 } from './raw-document.ts';
import { isMemory, isTooMuch, UNWRITABLE } from './unwritable.ts';

export interface GraphStageDeps {
  readonly writer: Writer;
  readonly producer: StreamProducer;
  readonly logger: Logger;
}

/** Running totals of this process, for its log. */
export interface GraphTotals {
  events: number;
  applied: number;
  superseded: number;
  refused: number;
}

/** A message of a slice, mapped. `refusal` says why it asks nothing of the graph but to be counted. */
interface Item {
  readonly record: StreamRecord;
  readonly event: MappedEvent;
  readonly refusal?: Omit<RefusedPart, 'place'>;
}

/** A slice, or some of it, mapped. */
interface Part {
  readonly slice: Slice;
  readonly items: readonly Item[];
}

/**
 * Typed events → the graph. Dead letters are durable before the transaction that counts them; the transaction holds
 * data, position and counters.
 */
export function createGraphStage({ writer, producer, logger }: GraphStageDeps) {
  const totals: GraphTotals = { events: 0, applied: 0, superseded: 0, refused: 0 };
  // While the database is away a slice is handled again and again: each of its letters is sent once.
  const lettered = new WeakSet<StreamRecord>();

  const write = async (...parts: readonly Part[]): Promise<void> => {
    const refused = parts.flatMap(({ slice, items }) =>
      items.filter((item) => item.refusal !== undefined && !lettered.has(item.record)).map((item) => ({ item, slice })),
    );
    const letters = refused.flatMap(({ item, slice }) => letterOf(item, slice) ?? []);
    await sendDeadLetters(producer, GROUPS.graph, letters);
    for (const { item } of refused) lettered.add(item.record);
    const batches = parts.map(({ slice, items }) => ({ ...slice, events: items.map((item) => item.event) }));
    for (const counters of await writer.writeTogether(batches)) {
      totals.applied += counters.applied;
      totals.superseded += counters.superseded;
      totals.refused += counters.deadLettered;
    }
    totals.events += parts.reduce((sum, { items }) => sum + items.length, 0);
  };

  /** Finds, by halving, the message that the database refuses, and lets the others through. */
  const writeIsolating = async ({ slice, items }: Part): Promise<void> => {
    try {
      await write({ slice, items });
    } catch (error) {
      if (!isTooMuch(error, items.length)) throw error;
      const half = items[Math.ceil(items.length / 2)];
      if (half === undefined || items.length < 2) return await refuseOnly({ slice, items }, error);
      const middle = half.record.offset;
      const [before, after] = [
        { ...slice, next: middle },
        { ...slice, from: middle },
      ];
      await writeIsolating({ slice: before, items: items.filter(({ record }) => record.offset < middle) });
      await writeIsolating({ slice: after, items: items.filter(({ record }) => record.offset >= middle) });
    }
  };

  const refuseOnly = async ({ slice, items: [only] }: Part, error: unknown): Promise<void> => {
    if (only === undefined || only.refusal !== undefined || isMemory(error)) throw error;
    const { topic, partition } = slice;
    // The code only: the database's message may quote what was to be written.
    const code = error instanceof AppError ? error.details.code : undefined;
    logger.error({ code, topic, partition, offset: only.record.offset }, 'the database refuses a message');
    const refused = { actions: [], outcome: 'dead-lettered' } as const;
    await write({ slice, items: [{ record: only.record, event: refused, refusal: UNWRITABLE }] });
  };

  /** In one transaction. What the database refuses is looked for only where a slice comes alone. */
  const handle: HandleTogether = async (slices) => {
    const begun = performance.now();
    const parts = slices.map(partOf);
    const [only] = parts;
    if (only !== undefined && parts.length === 1) await writeIsolating(only);
    else await write(...parts);
    const messages = slices.reduce((sum, { records }) => sum + records.length, 0);
    const oldest = Math.min(...slices.map(({ records }) => records[0]?.timestamp ?? Date.now()));
    logger.debug(
      { slices: slices.length, messages, ms: performance.now() - begun, waited: Date.now() - oldest },
      'slices written',
    );
  };

  return { handle, totals: totals as Readonly<GraphTotals> };
}

function partOf({ topic, partition, from, next, records }: StreamSlice): Part {
  return {
    slice: { group: GROUPS.graph, topic, partition, from, next },
    items: records.map((record) => itemOf(record, topic)),
  };
}

function itemOf(record: StreamRecord, topic: string): Item {
  const mapped = mapRecord(record, topic);
  if ('code' in mapped) return { record, event: { actions: [], outcome: 'dead-lettered' }, refusal: mapped };
  const { actions } = mapped;
  return { record, event: { actions, outcome: actions.length > 0 ? 'mapped' : 'filtered' } };
}

function letterOf({ record, refusal }: Item, { topic, partition }: Slice): DeadLetter | undefined {
  if (refusal === undefined) return undefined;
  const value = record.value ?? new Uint8Array();
  return deadLetter(
    {
      ...refusal,
      place: `${topic} ${partition}/${record.offset}`,
      source: record.headers[EVENT_HEADERS.source] ?? '',
      stream: streamNear(topic),
      document: sha256(value),
      origin: { topic, partition, offset: record.offset },
      original: value,
      ...(record.key !== null && { key: record.key }),
      headers: record.headers,
    },
    Date.now(),
  );
}

/** The stream whose fan-out writes this typed topic: they share the topic's domain, as `dns` in `dns.answer.observed.v1`. */
function streamNear(topic: string): string {
  const domain = (name: string) => name.split('.', 1)[0];
  return STREAMS.find((stream) => domain(RAW_TOPICS[stream]) === domain(topic)) ?? '';
}

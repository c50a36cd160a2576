import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Knowledge, TypedEvent } from '../../consumers/document.ts';
import type { Counters, OffsetStore } from '../graph/offsets.ts';
import { type DeadLetter, deadLetter, sendDeadLetters } from '../stream/dead-letters.ts';
import type { OutgoingMessage, StreamProducer } from '../stream/producer.ts';
import type { StreamRecord, StreamSlice } from '../stream/slices.ts';
import type { HandleTogether } from '../stream/together.ts';
import { EVENT_HEADERS, GROUPS, type TypedTopic } from '../stream/topics.ts';
import { countedAs, type FannedOut, fanOutRecord } from './fan-out.ts';

export interface FanOutStageDeps {
  readonly knowledge: Knowledge;
  readonly producer: StreamProducer;
  readonly offsets: Pick<OffsetStore, 'commit'>;
}

/** Running totals of this process, for its log. */
export interface FanOutTotals {
  documents: number;
  events: number;
  refused: number;
}

/** What came of a slice that waits only for its position to be stored. */
interface Sent {
  readonly counters: Counters;
  readonly events: number;
  readonly refused: number;
}

/** Longest time that documents are worked on before heartbeats and the other stage get their turn. */
const TURN_MS = 25;

/**
 * Raw documents → typed events. A slice's events and dead letters are durable before its position moves, so a crash
 * repeats and never loses; what is repeated has the same ids.
 */
export function createFanOutStage({ knowledge, producer, offsets }: FanOutStageDeps) {
  const totals: FanOutTotals = { documents: 0, events: 0, refused: 0 };
  // While the database is away a slice is handled again and again, and must not be sent each time.
  const sent = new WeakMap<StreamSlice, Sent>();

  /** Sends what follows from the slices; resolves when it is durable. */
  const send = async (slices: readonly StreamSlice[]): Promise<void> => {
    const outgoing = new Map<TypedTopic, OutgoingMessage[]>();
    const letters: DeadLetter[] = [];
    const sending = new Map<StreamSlice, Sent>();
    let turn = performance.now();
    for (const slice of slices) {
      const { topic, partition, from, next, records } = slice;
      // Positions without a message, such as a transactional producer's markers, are accounted for as filtered.
      const counters = { applied: 0, superseded: 0, filtered: next - from - records.length, deadLettered: 0 };
      const sums = { counters, events: 0, refused: 0 };
      for (const record of records) {
        const result = fanOutRecord(record, topic, partition, knowledge);
        counters[countedAs(result)]++;
        for (const event of result.events) append(outgoing, event);
        sums.events += result.events.length;
        if (result.refused.length > 0) {
          letters.push(letterOf(result, record, slice));
          sums.refused++;
        }
        if (performance.now() - turn > TURN_MS) {
          await yieldToOthers();
          turn = performance.now();
        }
      }
      sending.set(slice, sums);
    }
    await Promise.all([...outgoing].map(([to, messages]) => producer.send(to, messages)));
    await sendDeadLetters(producer, GROUPS.fanOut, letters);
    for (const [slice, sums] of sending) sent.set(slice, sums);
  };

  const handle: HandleTogether = async (slices) => {
    const unsent = slices.filter((slice) => !sent.has(slice));
    if (unsent.length > 0) await send(unsent);
    const done = slices.map((slice) => ({ slice, ...(sent.get(slice) as Sent) }));
    await offsets.commit(
      ...done.map(({ slice, counters }) => {
        const { topic, partition, from, next } = slice;
        return { group: GROUPS.fanOut, topic, partition, from, next, counters };
      }),
    );
    for (const { slice, events, refused } of done) {
      totals.documents += slice.records.length;
      totals.refused += refused;
      totals.events += events;
    }
  };

  return { handle, totals: totals as Readonly<FanOutTotals> };
}

function append(outgoing: Map<TypedTopic, OutgoingMessage[]>, event: TypedEvent): void {
  const message = eventMessage(event);
  const messages = outgoing.get(event.topic);
  if (messages === undefined) outgoing.set(event.topic, [message]);
  else messages.push(message);
}

/** A typed event as it lies in its topic. */
export function eventMessage(event: TypedEvent): OutgoingMessage {
  return {
    key: event.key,
    value: event.value,
    headers: {
      [EVENT_HEADERS.id]: event.id,
      [EVENT_HEADERS.source]: event.source,
      [EVENT_HEADERS.type]: event.type,
      [EVENT_HEADERS.time]: new Date(event.time).toISOString(),
    },
  };
}

/** One letter a document: its first refusal, and what else was refused as its parts. */
function letterOf(result: FannedOut, record: StreamRecord, { topic, partition }: StreamSlice): DeadLetter {
  const [first = { place: result.place, code: 'INTERNAL', reason: '' }, ...parts] = result.refused;
  return deadLetter(
    {
      ...first,
      source: result.source,
      stream: result.stream,
      document: result.document,
      origin: { topic, partition, offset: record.offset },
      original: record.value ?? new Uint8Array(),
      ...(record.key !== null && { key: record.key }),
      headers: record.headers,
      parts,
    },
    Date.now(),
  );
}

import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Knowledge, TypedEvent } from '../../consumers/document.ts';
import type { Counters, OffsetStore } from '../graph/offsets.ts';
import { type DeadLetter, deadLetter, sendDeadLetters } from '../stream/dead-letters.ts';
import type { OutgoingMessage, StreamProducer } from '../stream/producer.ts';
import type { StreamRecord, StreamSlice } from '../stream/slices.ts';
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

  /** Sends what follows from a slice; resolves when it is durable. */
  const send = async (slice: StreamSlice): Promise<Sent> => {
    const { topic, partition, from, next, records } = slice;
    // Positions without a message, such as a transactional producer's markers, are accounted for as filtered.
    const counters = { applied: 0, superseded: 0, filtered: next - from - records.length, deadLettered: 0 };
    const outgoing = new Map<TypedTopic, OutgoingMessage[]>();
    const letters: DeadLetter[] = [];
    let turn = performance.now();
    for (const record of records) {
      const result = fanOutRecord(record, topic, partition, knowledge);
      counters[countedAs(result)]++;
      for (const event of result.events) append(outgoing, event);
      if (result.refused.length > 0) letters.push(letterOf(result, record, slice));
      if (performance.now() - turn > TURN_MS) {
        await yieldToOthers();
        turn = performance.now();
      }
    }
    await Promise.all([...outgoing].map(([to, messages]) => producer.send(to, messages)));
    await sendDeadLetters(producer, GROUPS.fanOut, letters);
    const events = [...outgoing.values()].reduce((sum, messages) => sum + messages.length, 0);
    return { counters, events, refused: letters.length };
  };

  const handle = async (slice: StreamSlice): Promise<void> => {
    const { topic, partition, from, next, records } = slice;
    const done = sent.get(slice) ?? (await send(slice));
    sent.set(slice, done);
    await offsets.commit({ group: GROUPS.fanOut, topic, partition, from, next, counters: done.counters });
    totals.documents += records.length;
    totals.refused += done.refused;
    totals.events += done.events;
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

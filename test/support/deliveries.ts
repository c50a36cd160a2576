import { basename } from 'node:path';
import { createEvent, type Knowledge } from '../../consumers/document.ts';
import { frameFile } from '../../consumers/framing.ts';
import { correctionEvent } from '../../src/main/corrections.ts';
import { fanOutRecord } from '../../src/main/fan-out.ts';
import { eventMessage } from '../../src/main/fan-out-stage.ts';
import { rawMessage } from '../../src/main/raw-message.ts';
import { inProgram } from '../../src/program.ts';
import type { DecisionKey } from '../../src/queries/decision.ts';
import { SourceWithdrawnSchema } from '../../src/stream/generated/avd/governance/v1/governance_pb.ts';
import type { OutgoingMessage } from '../../src/stream/producer.ts';
import { EVENT_HEADERS, RAW_TOPICS, type Stream, TYPED_TOPICS } from '../../src/stream/topics.ts';

/** A file, and how it is ingested. */
export interface Delivery {
  readonly stream: Stream;
  readonly source: string;
  readonly file: string;
  /** ISO 8601. */
  readonly observedAt?: string;
  readonly format?: string;
}

/** A message, and the topic it goes to. */
export interface Addressed {
  readonly topic: string;
  readonly message: OutgoingMessage;
}

/** A file of the bundled sample or, where `folder` says so, of the tests' own fixtures. */
export function bundled(path: string, folder: 'sample' | 'test/fixtures' = 'sample'): string {
  return inProgram(`${folder}/${path}`);
}

/** What `avd ingest` produces of a file. @throws where a part of it is no document */
export async function messagesOf(delivery: Delivery): Promise<Addressed[]> {
  const { stream, source, file, observedAt, format } = delivery;
  const delivered = { source, ...(observedAt !== undefined && { observedAt: Date.parse(observedAt) }) };
  const messages: Addressed[] = [];
  for await (const framed of frameFile(file, stream, { format })) {
    if (framed.kind === 'refused') throw new Error(`${basename(file)}: ${framed.reason}`);
    messages.push({ topic: RAW_TOPICS[stream], message: await rawMessage(framed, delivered) });
  }
  return messages;
}

/** The message that `avd sources withdraw` produces, with a time of its own choosing. */
export function withdrawalOf(source: string, before: string): Addressed {
  const time = Date.parse(before);
  const event = createEvent({
    topic: TYPED_TOPICS.sourceWithdrawn,
    key: 'withdrawals',
    schema: SourceWithdrawnSchema,
    message: { before: BigInt(time), author: 'tests', reason: 'a bad delivery', statedAt: BigInt(time) },
    source,
    time,
  });
  return { topic: event.topic, message: eventMessage(event) };
}

/** The message of a correction by an analyst, with a time of its own choosing. */
export function correctionOf(decision: DecisionKey, at: string, withdrawn = false): Addressed {
  const by = { author: 'tests', reason: 'it is so', time: Date.parse(at) };
  const event = correctionEvent(decision, by, withdrawn);
  return { topic: event.topic, message: eventMessage(event) };
}

const TYPED: ReadonlySet<string> = new Set(Object.values(TYPED_TOPICS));

/** The ids of the events that the messages stand for, one a message in a typed topic, by fan-out in this process. */
export function eventIdsOf(messages: readonly Addressed[], knowledge: Knowledge): string[] {
  return messages.flatMap(({ topic, message }) => {
    const { headers = {} } = message;
    if (TYPED.has(topic)) return [headers[EVENT_HEADERS.id] ?? ''];
    const [key, value] = [Buffer.from(message.key), Buffer.from(message.value)];
    const record = { offset: 0, timestamp: Date.now(), key, value, headers };
    return fanOutRecord(record, topic, 0, knowledge).events.map(({ id }) => id);
  });
}

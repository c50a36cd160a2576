import { createHash } from 'node:crypto';
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { Detector } from '../src/detection/detector.ts';
import type { Sources } from '../src/governance/sources.ts';
import type { TypedTopic } from '../src/stream/topics.ts';
import { type Refusal, refuse } from './refusal.ts';

/** One raw document as it lies in a raw topic. */
export interface RawDocument {
  readonly source: string;
  readonly stream: string;
  /** The format that was recognised or named; absent where another producer left it out. */
  readonly format: string | undefined;
  /** Milliseconds since 1970 (UTC) from `ingest --observed-at`; counts where the document states no time itself. */
  readonly observedAt: number | undefined;
  /** SHA-256 of the uncompressed bytes, in hexadecimal. */
  readonly document: string;
  /** File name and line: `partner.csv line 7`. */
  readonly place: string;
  /** The header line of the CSV file where the document is one of its rows. */
  readonly columns: string | undefined;
  /** Uncompressed. */
  readonly bytes: Uint8Array;
  /** Milliseconds since 1970 (UTC): the timestamp of the raw message. */
  readonly producedAt: number;
}

/** One small message for a typed topic. */
export interface TypedEvent {
  readonly topic: TypedTopic;
  readonly key: string;
  /** The message type, as `avd.dns.v1.AnswerObserved`. */
  readonly type: string;
  readonly source: string;
  /** Milliseconds since 1970, UTC. */
  readonly time: number;
  readonly value: Uint8Array;
  /** See `createEvent`. */
  readonly id: string;
}

/** What became of one raw document. */
export interface FanOut {
  readonly events: TypedEvent[];
  /** The whole document (its place is the document's), or parts of it. */
  readonly refused: Refusal[];
  /** Parts that are fine and say nothing AVD keeps, such as a `data:` URL. */
  readonly filtered: number;
}

/** What fan-out knows besides the document. */
export interface Knowledge {
  readonly detector: Detector;
  readonly sources: Sources;
}

/**
 * Makes a typed event. Its id is the SHA-256 of source, type, time and the message's bytes, so the same said again is
 * the same event, wherever and whenever it arrives.
 * @example createEvent({ topic: TYPED_TOPICS.mergeStated, key: MERGE_KEY, schema: MergeStatedSchema, message, source, time })
 */
export function createEvent<Schema extends DescMessage>(event: {
  readonly topic: TypedTopic;
  readonly key: string;
  readonly schema: Schema;
  readonly message: MessageInitShape<Schema>;
  readonly source: string;
  readonly time: number;
}): TypedEvent {
  const { topic, key, schema, source, time } = event;
  const value = toBinary(schema, create(schema, event.message));
  const type = schema.typeName;
  const id = createHash('sha256').update(`${source}\0${type}\0${time}\0`).update(value).digest('hex');
  return { topic, key, type, source, time, value, id };
}

const DAY = 86_400_000;
const EARLIEST = Date.UTC(1990, 0, 1);

/**
 * Checks that an event's time (ms) can be true: neither before 1990 nor more than a day after its message was produced.
 * The message's own timestamp is the measure and never a clock, so a replay decides the same.
 */
export function checkTime(time: number, document: Pick<RawDocument, 'producedAt' | 'place'>): Refusal | undefined {
  if (!Number.isSafeInteger(time) || time < EARLIEST) {
    return refuse('TIME_OUT_OF_RANGE', document.place, 'The time is out of range: before 1990.');
  }
  if (time > document.producedAt + DAY) {
    const reason = 'The time lies in the future: more than a day after the document was produced.';
    return refuse('TIME_IN_FUTURE', document.place, reason);
  }
  return undefined;
}

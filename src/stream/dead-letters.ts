import { createHash } from 'node:crypto';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type DeadLetter, DeadLetterSchema } from './generated/avd/dead_letters/v1/dead_letters_pb.ts';
import type { StreamProducer } from './producer.ts';
import { DEAD_LETTER_TOPICS, type Group, MAX_DOCUMENT_BYTES, MAX_HEADER_BYTES } from './topics.ts';

export type { DeadLetter } from './generated/avd/dead_letters/v1/dead_letters_pb.ts';

/** One refused part of a document. `reason` is one sentence, free of the input's secrets. */
export interface RefusedPart {
  readonly place: string;
  readonly code: string;
  readonly reason: string;
}

/** What was refused, and what it takes to try it again. */
export interface Refused extends RefusedPart {
  readonly source: string;
  /** Empty where it could not be told. */
  readonly stream: string;
  /** SHA-256 of the document's uncompressed bytes, in hexadecimal. */
  readonly document: string;
  /** Where it was read; absent for a file that could not be split into documents. */
  readonly origin?: { readonly topic: string; readonly partition: number; readonly offset: number };
  /** The bytes as they came. More than 16 MiB are cut here to the first 64 kB. */
  readonly original: Uint8Array;
  /** Set where `original` is already only the beginning. */
  readonly truncated?: boolean;
  readonly key?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** What else of the same document was refused. */
  readonly parts?: readonly RefusedPart[];
}

const EXCERPT_BYTES = 64 * 1024;
/** So that a letter, with 16 MiB of original, always fits its topic. */
const MAX_PARTS = 200;
const MAX_TEXT = 500;

/** A refusal as the message that is kept. The same refusal of the same message always gets the same id. */
export function deadLetter(refused: Refused, refusedAt: number): DeadLetter {
  const { origin, parts = [] } = refused;
  const truncated = refused.truncated === true || refused.original.length > MAX_DOCUMENT_BYTES;
  const kept = parts.slice(0, MAX_PARTS).map(({ place, code, reason }) => ({
    place: bounded(place, MAX_TEXT),
    code,
    reason: bounded(reason, MAX_TEXT),
  }));
  if (parts.length > kept.length) {
    kept.push({ place: '', code: 'MORE', reason: `${parts.length - kept.length} more parts were refused` });
  }
  return create(DeadLetterSchema, {
    id: letterId(refused),
    source: bounded(refused.source, MAX_TEXT),
    stream: refused.stream,
    document: refused.document,
    place: bounded(refused.place, MAX_TEXT),
    code: refused.code,
    reason: bounded(refused.reason, MAX_TEXT),
    topic: origin?.topic ?? '',
    partition: origin?.partition ?? 0,
    offset: BigInt(origin?.offset ?? 0),
    original: truncated ? refused.original.subarray(0, EXCERPT_BYTES) : refused.original,
    truncated,
    key: refused.key?.subarray(0, MAX_HEADER_BYTES) ?? new Uint8Array(),
    headers: boundedHeaders(refused.headers ?? {}),
    refusedAt: BigInt(refusedAt),
    parts: kept,
  });
}

/** Sends letters to the dead-letter topic of the stage that refused; resolves when they are durable. */
export async function sendDeadLetters(
  producer: StreamProducer,
  group: Group,
  letters: readonly DeadLetter[],
): Promise<void> {
  const messages = letters.map((letter) => ({ key: letter.id, value: toBinary(DeadLetterSchema, letter) }));
  await producer.send(DEAD_LETTER_TOPICS[group], messages);
}

/** The later entry that says of a letter that it was sent again. It comes behind it, since they share their key. */
export function redrivenNote({ id }: Pick<DeadLetter, 'id'>): DeadLetter {
  return create(DeadLetterSchema, { id, redriven: true });
}

/** Reads a message of a dead-letter topic. @throws where it is none. */
export function decodeDeadLetter(value: Uint8Array): DeadLetter {
  return fromBinary(DeadLetterSchema, value);
}

function letterId({ origin, document, place }: Refused): string {
  const what = [origin?.topic ?? '', origin?.partition ?? 0, origin?.offset ?? 0, document, place];
  return createHash('sha256').update(JSON.stringify(what)).digest('hex');
}

function bounded(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}…`;
}

/** A header that is too long to keep is left out whole: half a CSV header line would give other columns. */
function boundedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  let room = 4 * MAX_HEADER_BYTES;
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => {
      const size = name.length + value.length;
      const fits = value.length <= MAX_HEADER_BYTES && size <= room;
      if (fits) room -= size;
      return fits;
    }),
  );
}

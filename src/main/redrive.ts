import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { frameFile } from '../../consumers/framing.ts';
import { AppError } from '../errors.ts';
import { findLetter, type LetterFilter, openIds, readLetters } from '../stream/dead-letter-log.ts';
import { type DeadLetter, redrivenNote, sendDeadLetters } from '../stream/dead-letters.ts';
import type { Kafka } from '../stream/kafka.ts';
import type { OutgoingMessage, StreamProducer } from '../stream/producer.ts';
import { MAX_DOCUMENT_BYTES, RAW_HEADERS, RAW_TOPICS, STREAMS } from '../stream/topics.ts';
import { type Delivery, rawMessage } from './raw-message.ts';

export interface RedriveDeps {
  readonly kafka: Kafka;
  readonly producer: StreamProducer;
}

export interface RedriveReport {
  readonly redriven: readonly string[];
  /** Letters that hold only the beginning of what was refused: they need corrected bytes. */
  readonly incomplete: readonly string[];
}

/**
 * Sends what was refused again, to where it came from, and notes it. A letter that was sent again is listed no more; if
 * it is refused again, that is another letter. A crash between sending and noting sends twice, which changes nothing.
 */
export async function redriveAll(
  { kafka, producer }: RedriveDeps,
  which: LetterFilter | ReadonlySet<string>,
): Promise<RedriveReport> {
  const open = await openIds(kafka, which instanceof Set ? {} : (which as LetterFilter));
  const wanted =
    which instanceof Set ? new Set([...(which as ReadonlySet<string>)].filter((id) => open.has(id))) : open;
  const redriven: string[] = [];
  const incomplete: string[] = [];
  await readLetters(kafka, async (letter, group) => {
    if (letter.redriven || !wanted.delete(letter.id)) return;
    if (letter.truncated) {
      incomplete.push(letter.id);
      return;
    }
    await producer.send(targetOf(letter), [sameAgain(letter)]);
    await sendDeadLetters(producer, group, [redrivenNote(letter)]);
    redriven.push(letter.id);
  });
  return { redriven, incomplete };
}

/**
 * Sends the corrected bytes of one refused document. What is said of the document (source, format, columns, when it was
 * observed, its place) stays.
 * @throws AppError NOT_FOUND, or REFUSED where the file is no document
 */
export async function redriveCorrected(
  { kafka, producer }: RedriveDeps,
  id: string,
  file: string,
): Promise<RedriveReport> {
  const found = await findLetter(kafka, id);
  if (found === undefined) throw new AppError('NOT_FOUND', `There is no dead letter ${id}.`, { id });
  const { letter, group } = found;
  if (isTyped(letter)) {
    throw new AppError(
      'USAGE',
      'This is a message that AVD made: correct the document it came from, and ingest that.',
      { id },
    );
  }
  const messages = await correctedMessages(letter, file);
  await producer.send(targetOf(letter), messages);
  await sendDeadLetters(producer, group, [redrivenNote(letter)]);
  return { redriven: [id], incomplete: [] };
}

/** The original as a person would edit it: inflated, where it was compressed on its way. */
export function originalBytes(letter: DeadLetter): Uint8Array {
  if (letter.headers[RAW_HEADERS.encoding] !== 'gzip' || letter.truncated) return letter.original;
  try {
    return gunzipSync(letter.original, { maxOutputLength: MAX_DOCUMENT_BYTES });
  } catch {
    return letter.original;
  }
}

function targetOf(letter: DeadLetter): string {
  if (letter.topic !== '') return letter.topic;
  const stream = STREAMS.find((known) => known === letter.stream);
  if (stream === undefined)
    throw new AppError('REFUSED', `The dead letter ${letter.id} names no stream.`, { id: letter.id });
  return RAW_TOPICS[stream];
}

const isTyped = (letter: DeadLetter): boolean =>
  letter.topic !== '' && !Object.values(RAW_TOPICS).includes(letter.topic);

function sameAgain(letter: DeadLetter): OutgoingMessage {
  const key = letter.key.length > 0 ? Buffer.from(letter.key) : letter.document;
  return { key, value: letter.original, headers: letter.headers };
}

async function correctedMessages(letter: DeadLetter, file: string): Promise<OutgoingMessage[]> {
  const { headers } = letter;
  const observedAt = Date.parse(headers[RAW_HEADERS.observedAt] ?? '');
  const delivery: Delivery = { source: letter.source, ...(Number.isFinite(observedAt) && { observedAt }) };
  const columns = headers[RAW_HEADERS.columns];
  const format = headers[RAW_HEADERS.format];
  if (letter.topic !== '' || columns !== undefined) {
    const bytes = await readDocument(file, / line \d+$/.test(letter.place));
    return [
      await rawMessage({ bytes, place: letter.place, format, ...(columns !== undefined && { columns }) }, delivery),
    ];
  }
  // What was refused before it was a document is split as a file is.
  const stream = STREAMS.find((known) => known === letter.stream) ?? 'page-loads';
  const messages: OutgoingMessage[] = [];
  for await (const framed of frameFile(file, stream, { format })) {
    if (framed.kind === 'refused')
      throw new AppError('REFUSED', `Still refused: ${framed.reason}`, { code: framed.code });
    const place = framed.place.replace(basename(file), letter.place.replace(/ line \d+$/, ''));
    messages.push(await rawMessage({ ...framed, place }, delivery));
  }
  return messages;
}

/** A line has no line break at its end, even if the editor that corrected it has put one there. */
async function readDocument(file: string, isLine: boolean): Promise<Uint8Array> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new AppError('NOT_FOUND', `This file cannot be read: ${file}`, { file }, error);
  });
  if (bytes.length > MAX_DOCUMENT_BYTES) throw new AppError('REFUSED', 'The document is larger than 16 MiB.', { file });
  if (!isLine || bytes.at(-1) !== LINE_FEED) return bytes;
  return bytes.subarray(0, bytes.at(-2) === CARRIAGE_RETURN ? -2 : -1);
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

import { createHash } from 'node:crypto';
import { AppError } from '../src/errors.ts';
import { MAX_DOCUMENT_BYTES, MAX_HEADER_BYTES, type Stream } from '../src/stream/topics.ts';
import { digestFile, isBrokenGzip, nameOf, readChunks, readStart, requireFile } from './file-chunks.ts';
import type { Format, Framed, FramedRefusal } from './format.ts';
import { FORMATS } from './formats.ts';
import { peek, withoutMark } from './peek.ts';
import { EXCERPT_BYTES, type Piece, splitLines, splitRows } from './pieces.ts';
import type { Fault, RefusalCode } from './refusal.ts';

export type { Framed } from './format.ts';

/**
 * Splits a file into raw documents, one after the other, in bounded memory whatever its size. gzip is recognised by its
 * content. What is no document (too large, broken gzip, an unclosed quote, no known format) comes out as refused, and
 * the file goes on behind it where that is possible.
 * @param options.format the id of a format; otherwise the first line tells
 * @throws AppError NOT_FOUND where there is no such file, USAGE where the stream has no such format
 * @example for await (const framed of frameFile('partner.csv', 'partner-relationships', {})) …
 */
export async function* frameFile(
  path: string,
  stream: Stream,
  options: { readonly format?: string | undefined },
): AsyncGenerator<Framed> {
  const named = options.format === undefined ? undefined : formatById(stream, options.format);
  await requireFile(path);
  try {
    // Not `yield*`: delegation costs more for each document than everything else here.
    for await (const framed of await frameContent(path, stream, named)) yield framed;
  } catch (error) {
    if (!isBrokenGzip(error)) throw error;
    yield refuseFile(path, 'MALFORMED_GZIP', 'Malformed gzip: it breaks off or is damaged; what came before was read.');
  }
}

async function frameContent(path: string, stream: Stream, named: Format | undefined): Promise<Frames> {
  const { firstLine, encoding, chunks } = await peek(readChunks(path));
  if (firstLine !== '' && encoding === 'utf-8') {
    const format = named ?? recognise(stream, firstLine);
    if (format !== undefined) return frameAs(format, path, chunks);
  }
  await chunks.return(undefined);
  if (firstLine === '') return [];
  if (encoding === 'utf-16') {
    return [await refuseFile(path, 'UTF16', 'The file is UTF-16 by its byte order mark; UTF-8 is expected.')];
  }
  const known = FORMATS[stream].map((f) => f.id).join(', ');
  const reason = `No format of ${stream} looks like this; --format names one of ${known}.`;
  return [await refuseFile(path, 'UNKNOWN_FORMAT', reason)];
}

type Frames = AsyncIterable<Framed> | readonly Framed[];

async function frameAs(format: Format, path: string, chunks: AsyncGenerator<Buffer>): Promise<Frames> {
  switch (format.framing) {
    case 'whole':
      return frameWhole(path, format, chunks);
    case 'lines':
      return framePieces(path, format, splitLines(withoutMark(chunks)));
    case 'csv-without-header':
      return framePieces(path, format, splitRows(withoutMark(chunks)));
    case 'csv': {
      const rows = splitRows(withoutMark(chunks));
      const { value: header } = await rows.next();
      if (header === undefined) return [];
      const refusal = headerFault(header);
      if (refusal === undefined) return framePieces(path, format, rows, header.bytes.toString('utf8'));
      await rows.return(undefined);
      return [await refuseFile(path, refusal.code, refusal.reason)];
    }
  }
}

/** Each row travels with the header, and could not be read, or redriven, without all of it. */
function headerFault({ bytes, problem }: Piece): Fault | undefined {
  if (problem === 'unclosed-quote') {
    return { code: 'UNCLOSED_QUOTE', reason: 'The header is not a row of CSV, so no row can be read.' };
  }
  if (problem === undefined && bytes.length <= MAX_HEADER_BYTES) return undefined;
  return { code: 'TOO_LARGE', reason: 'The header is longer than the limit of 16 kB; no row was read.' };
}

function formatById(stream: Stream, id: string): Format {
  const found = FORMATS[stream].find((format) => format.id === id);
  if (found !== undefined) return found;
  const known = FORMATS[stream].map((format) => format.id).join(', ');
  throw new AppError('USAGE', `The stream ${stream} has no format ${id}. It has: ${known}.`, { stream, format: id });
}

/** A stream with one format needs no sign of it: what doesn't fit is refused by its reader, with a better reason. */
function recognise(stream: Stream, firstLine: string): Format | undefined {
  const formats = FORMATS[stream];
  return formats.find((format) => format.recognise(firstLine)) ?? (formats.length === 1 ? formats[0] : undefined);
}

async function* frameWhole(path: string, format: Format, chunks: AsyncIterable<Buffer>): AsyncGenerator<Framed> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    size += chunk.length;
    if (size > MAX_DOCUMENT_BYTES) {
      const original = Buffer.from(Buffer.concat(parts).subarray(0, EXCERPT_BYTES));
      const reason = 'The document is larger than the limit of 16 MiB once inflated; it was not read further.';
      yield { ...(await refuseFile(path, 'TOO_LARGE', reason)), original, truncated: true };
      return;
    }
  }
  yield { kind: 'document', bytes: Buffer.concat(parts), place: nameOf(path), format: format.id };
}

async function* framePieces(
  path: string,
  format: Format,
  pieces: AsyncIterable<Piece>,
  columns?: string,
): AsyncGenerator<Framed> {
  for await (const piece of pieces) {
    const place = `${nameOf(path)} line ${piece.line}`;
    const header = columns === undefined ? {} : { columns };
    if (piece.problem !== undefined) yield { ...(await refusePiece(path, place, piece)), ...header };
    else yield { kind: 'document', bytes: piece.bytes, place, format: format.id, ...header };
  }
}

async function refusePiece(path: string, place: string, piece: Piece): Promise<FramedRefusal> {
  const { bytes: original, line, lastLine } = piece;
  switch (piece.problem) {
    case 'given-up': {
      const reason = 'The line is longer than 1 GiB; the rest of the file was not read.';
      return {
        kind: 'refused',
        place,
        code: 'TOO_LARGE',
        reason,
        digest: await digestFile(path),
        original,
        truncated: true,
      };
    }
    case 'too-large': {
      const reason = 'The document is larger than the limit of 16 MiB.';
      return {
        kind: 'refused',
        place,
        code: 'TOO_LARGE',
        reason,
        digest: piece.digest ?? '',
        original,
        truncated: true,
      };
    }
    default: {
      const rest = lastLine > line ? `; lines ${line} to ${lastLine} are refused with it` : '';
      const reason = `Unclosed quote that begins on line ${line}${rest}.`;
      const digest = createHash('sha256').update(original).digest('hex');
      return { kind: 'refused', place, code: 'UNCLOSED_QUOTE', reason, digest, original, truncated: false };
    }
  }
}

/** Refuses the file as it lies on the disk. */
async function refuseFile(path: string, code: RefusalCode, reason: string): Promise<FramedRefusal> {
  const start = await readStart(path, MAX_DOCUMENT_BYTES + 1);
  const truncated = start.length > MAX_DOCUMENT_BYTES;
  const original = truncated ? Buffer.from(start.subarray(0, EXCERPT_BYTES)) : start;
  return { kind: 'refused', place: nameOf(path), code, reason, digest: await digestFile(path), original, truncated };
}

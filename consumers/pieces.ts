import { createHash, type Hash } from 'node:crypto';
import { MAX_DOCUMENT_BYTES } from '../src/stream/topics.ts';

/** What is kept of something that is too large. */
export const EXCERPT_BYTES = 64 * 1024;
/** So much is inflated to get past one oversized piece; beyond that the rest of the file is given up. */
const MAX_SKIPPED_BYTES = 1024 * 1024 * 1024;

/** A line of a file, or a CSV row, which may span several lines. Without its line end. */
export interface Piece {
  /** All of it, or the first 64 kB where it is too large. */
  readonly bytes: Buffer;
  /** The line of the file, from 1, where it begins. */
  readonly line: number;
  /** The line where it ends. */
  readonly lastLine: number;
  readonly problem?: 'too-large' | 'given-up' | 'unclosed-quote';
  /** SHA-256 in hexadecimal; of what is too large. */
  readonly digest?: string;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;
const COMMA = 0x2c;

/** Where in a row the next byte lies. `CLOSED` is behind a quote, which may be the first of two. */
const FIELD_START = 0;
const UNQUOTED = 1;
const QUOTED = 2;
const CLOSED = 3;
/** Something follows a closing quote: the row is broken, and ends with its line. */
const BROKEN = 4;
type RowState = typeof FIELD_START | typeof UNQUOTED | typeof QUOTED | typeof CLOSED | typeof BROKEN;

/** Cuts bytes into lines, in memory bounded by the largest document, whatever the lines are like. Blank ones are left out. */
export function splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Piece> {
  return split(chunks, () => ({
    findEnd: (chunk, from) => chunk.indexOf(NEWLINE, from),
    isBroken: () => false,
  }));
}

/** Cuts bytes into CSV rows (RFC 4180) likewise. A line break inside a quoted field does not end a row. */
export function splitRows(chunks: AsyncIterable<Buffer>): AsyncGenerator<Piece> {
  return split(chunks, () => {
    let state: RowState = FIELD_START;
    return {
      findEnd(chunk, from) {
        for (let index = from; index < chunk.length; index++) {
          const byte = chunk[index] as number;
          if (byte === NEWLINE && state !== QUOTED) return index;
          state = nextState(state, byte);
        }
        return -1;
      },
      isBroken: () => state === QUOTED || state === BROKEN,
    };
  });
}

function nextState(state: RowState, byte: number): RowState {
  switch (state) {
    case FIELD_START:
      return byte === QUOTE ? QUOTED : byte === COMMA ? FIELD_START : UNQUOTED;
    case UNQUOTED:
      return byte === COMMA ? FIELD_START : UNQUOTED;
    case QUOTED:
      return byte === QUOTE ? CLOSED : QUOTED;
    case CLOSED:
      if (byte === QUOTE) return QUOTED;
      return byte === COMMA ? FIELD_START : byte === RETURN ? CLOSED : BROKEN;
    case BROKEN:
      return BROKEN;
  }
}

/** Finds where one piece ends; it remembers what it saw of the piece in earlier chunks. */
interface Boundary {
  /** The index of the newline that ends the piece, or -1: not in this chunk. */
  findEnd(chunk: Buffer, from: number): number;
  isBroken(): boolean;
}

async function* split(chunks: AsyncIterable<Buffer>, createBoundary: () => Boundary): AsyncGenerator<Piece> {
  let line = 1;
  let collector = createCollector(line);
  let boundary = createBoundary();
  for await (const chunk of chunks) {
    let from = 0;
    for (;;) {
      const end = boundary.findEnd(chunk, from);
      collector.add(chunk.subarray(from, end < 0 ? chunk.length : end));
      if (end < 0) break;
      const piece = collector.finish(boundary.isBroken());
      if (piece !== undefined) yield piece;
      line = collector.lastLine() + 1;
      collector = createCollector(line);
      boundary = createBoundary();
      from = end + 1;
    }
    if (collector.size() > MAX_SKIPPED_BYTES) {
      yield { ...collector.excerpt(), problem: 'given-up' };
      return;
    }
  }
  const last = collector.finish(boundary.isBroken());
  if (last !== undefined) yield last;
}

/** Gathers one piece. Past the size of a document it keeps the beginning and the digest only. */
function createCollector(line: number) {
  let parts: Buffer[] = [];
  let size = 0;
  let newlines = 0;
  let hash: Hash | undefined;

  const excerpt = () => ({ bytes: Buffer.concat(parts), line, lastLine: line + newlines });
  return {
    size: () => size,
    lastLine: () => line + newlines,
    excerpt,
    add(bytes: Buffer): void {
      if (bytes.length === 0) return;
      size += bytes.length;
      for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) newlines++;
      if (hash !== undefined) {
        hash.update(bytes);
        return;
      }
      parts.push(bytes);
      if (size <= MAX_DOCUMENT_BYTES) return;
      hash = createHash('sha256');
      for (const part of parts) hash.update(part);
      parts = [Buffer.from(Buffer.concat(parts).subarray(0, EXCERPT_BYTES))];
    },
    finish(broken: boolean): Piece | undefined {
      if (hash !== undefined) return { ...excerpt(), problem: 'too-large', digest: hash.digest('hex') };
      const whole = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
      const bytes = whole.at(-1) === RETURN ? whole.subarray(0, -1) : whole;
      if (isBlank(bytes)) return undefined;
      // A quote that is open at the end of the file has taken the last line end with it.
      const lastLine = line + newlines - (bytes.at(-1) === NEWLINE ? 1 : 0);
      return { bytes, line, lastLine, ...(broken && { problem: 'unclosed-quote' }) };
    },
  };
}

function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) {
    if (byte !== 0x20 && byte !== 0x09 && byte !== RETURN) return false;
  }
  return true;
}

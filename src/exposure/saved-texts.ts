import { setImmediate as turn } from 'node:timers/promises';
import type { Column } from './columns.ts';

/** Texts as they are saved: one after the other in UTF-8, each ended by a line break, which none of them holds. */

const TEXTS_AT_ONCE = 50_000;
/** Bytes that are made a string at once: all keys together may be longer than any string can be. */
const PIECE = 1 << 24;
const LINE_BREAK = 10;

export async function encodeTexts(texts: readonly string[]): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for (let from = 0; from < texts.length; from += TEXTS_AT_ONCE) {
    parts.push(Buffer.from(`${texts.slice(from, from + TEXTS_AT_ONCE).join('\n')}\n`));
    await turn();
  }
  return new Uint8Array(Buffer.concat(parts));
}

export function decodeTexts(column: Column | undefined, piece = PIECE): string[] {
  const bytes = Buffer.from(column?.buffer ?? new ArrayBuffer(0));
  const texts: string[] = [];
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(LINE_BREAK, Math.min(from + piece, bytes.length) - 1);
    const upTo = end < 0 ? bytes.length : end;
    for (const text of bytes.toString('utf8', from, upTo).split('\n')) texts.push(text);
    from = upTo + 1;
  }
  return texts;
}

import { isUtf8 } from 'node:buffer';
import { findJsonProblem, MAX_DEPTH } from './json-scanner.ts';
import { type Fault, quote } from './refusal.ts';

export type ParsedJson = { readonly value: unknown } | { readonly refusal: Fault };
export type DecodedText = { readonly text: string } | { readonly refusal: Fault };

/**
 * Decodes UTF-8 strictly: a byte order mark is removed, no replacement character is made up. What is not UTF-8 is
 * refused with the offset of its first wrong byte, UTF-16 by its name.
 */
export function decodeText(bytes: Uint8Array): DecodedText {
  const [first, second, third] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return { refusal: { code: 'UTF16', reason: 'The text is UTF-16 by its byte order mark; UTF-8 is expected.' } };
  }
  if (!isUtf8(bytes)) {
    return { refusal: { code: 'INVALID_UTF8', reason: `Invalid UTF-8 at byte offset ${firstInvalidByte(bytes)}.` } };
  }
  const start = first === 0xef && second === 0xbb && third === 0xbf ? 3 : 0;
  // Known to be valid, so nothing is replaced; several times faster than a decoder for the short lines of most streams.
  return { text: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8', start) };
}

/** Finds the longest prefix that may still become UTF-8; its whole characters end where the first wrong byte lies. */
function firstInvalidByte(bytes: Uint8Array): number {
  const decode = (length: number) =>
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, length), { stream: true });
  let valid = 0;
  let invalid = bytes.length + 1; // the end itself may be what is wrong: a character cut off
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    try {
      decode(middle);
      valid = middle;
    } catch {
      invalid = middle;
    }
  }
  return Buffer.byteLength(decode(valid));
}

/**
 * Parses JSON strictly (RFC 8259): malformed text, a key that comes twice in an object and nesting deeper than 100
 * levels are refused with line and column. A key `__proto__` is an ordinary key of the result.
 * @example parseJson(Buffer.from('{"a":1,"a":2}')) // { refusal: { code: 'DUPLICATE_KEY', … } }
 */
export function parseJson(bytes: Uint8Array): ParsedJson {
  const decoded = decodeText(bytes);
  if ('refusal' in decoded) return decoded;
  const problem = findJsonProblem(decoded.text);
  if (problem === undefined) return { value: JSON.parse(decoded.text) };
  const at = `line ${lineOf(decoded.text, problem.index)}, column ${columnOf(decoded.text, problem.index)}`;
  switch (problem.kind) {
    case 'malformed':
      return { refusal: { code: 'MALFORMED_JSON', reason: `Malformed JSON at ${at}: ${problem.detail} expected.` } };
    case 'duplicate-key':
      return { refusal: { code: 'DUPLICATE_KEY', reason: `Duplicate key ${quote(problem.detail)} at ${at}.` } };
    case 'too-deep':
      return {
        refusal: { code: 'NESTED_TOO_DEEPLY', reason: `Nested too deeply at ${at}: more than ${MAX_DEPTH} levels.` },
      };
  }
}

function lineOf(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < index; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

function columnOf(text: string, index: number): number {
  return index - text.lastIndexOf('\n', index - 1);
}

/** What is wrong with a JSON text, and where (an index into the text). */
export interface JsonProblem {
  readonly kind: 'malformed' | 'duplicate-key' | 'too-deep';
  readonly index: number;
  /** What was expected there, or the key. */
  readonly detail: string;
}

export const MAX_DEPTH = 100;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const SCALAR = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * Walks a JSON text once, without recursion, and gives its first problem: it is no JSON (RFC 8259), an object has a key
 * twice, or it is nested deeper than 100 levels. It builds nothing. `JSON.parse` does that faster, but it takes the last
 * of two equal keys in silence, and does not always say where a text goes wrong.
 */
export function findJsonProblem(text: string): JsonProblem | undefined {
  /** One entry a level: the keys seen where it is an object, `undefined` where it is an array. */
  const levels: (Set<string> | undefined)[] = [];
  let index = skipBlanks(text, 0);
  for (;;) {
    const depth = levels.length;
    const end = startValue(text, index, levels);
    if (typeof end !== 'number') return end;
    const next = closeLevels(text, end, levels, levels.length > depth);
    if (typeof next !== 'number') return next;
    if (levels.length === 0) return undefined;
    const keys = levels.at(-1);
    const value = keys === undefined ? next : skipKey(text, next, keys);
    if (typeof value !== 'number') return value;
    index = value;
  }
}

/** Steps over a scalar, or into an object or array, and over the blanks behind. */
function startValue(text: string, index: number, levels: (Set<string> | undefined)[]): number | JsonProblem {
  const code = text.charCodeAt(index);
  if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
    if (levels.length === MAX_DEPTH) return { kind: 'too-deep', index, detail: `more than ${MAX_DEPTH} levels` };
    levels.push(code === OPEN_OBJECT ? new Set() : undefined);
    return skipBlanks(text, index + 1);
  }
  const end = code === QUOTE ? skipString(text, index) : skipPattern(SCALAR, text, index);
  if (end >= 0) return skipBlanks(text, end);
  return code === QUOTE ? malformed(~end, 'a string that ends') : malformed(index, 'a value');
}

/**
 * Steps over every bracket that closes at `index`, then over the comma.
 * @param opened a bracket was opened just before: it may close without a comma between
 * @returns where the next value or key begins, or the end of the text
 */
function closeLevels(
  text: string,
  start: number,
  levels: (Set<string> | undefined)[],
  opened: boolean,
): number | JsonProblem {
  let index = start;
  let first = opened;
  while (levels.length > 0) {
    const isObject = levels[levels.length - 1] !== undefined;
    const code = text.charCodeAt(index);
    if (code === (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) {
      levels.pop();
      index = skipBlanks(text, index + 1);
      first = false;
    } else if (first) {
      return index;
    } else if (code === COMMA) {
      return skipBlanks(text, index + 1);
    } else {
      return malformed(index, isObject ? '"," or "}"' : '"," or "]"');
    }
  }
  return index === text.length ? index : malformed(index, 'the end');
}

/** Steps over a key and its colon, and remembers the key. @returns where its value begins */
function skipKey(text: string, index: number, keys: Set<string>): number | JsonProblem {
  if (text.charCodeAt(index) !== QUOTE) return malformed(index, 'a key');
  const end = skipString(text, index);
  if (end < 0) return malformed(~end, 'a string that ends');
  const raw = text.slice(index + 1, end - 1);
  const key = raw.includes('\\') ? String(JSON.parse(`"${raw}"`)) : raw;
  if (keys.has(key)) return { kind: 'duplicate-key', index, detail: key };
  keys.add(key);
  const colon = skipBlanks(text, end);
  if (text.charCodeAt(colon) !== COLON) return malformed(colon, '":"');
  return skipBlanks(text, colon + 1);
}

function malformed(index: number, expected: string): JsonProblem {
  return { kind: 'malformed', index, detail: expected };
}

function skipBlanks(text: string, start: number): number {
  for (let index = start; ; index++) {
    const code = text.charCodeAt(index);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return index;
  }
}

/** @returns the index after the closing quote, or the complement (`~`) of where the string goes wrong */
function skipString(text: string, quote: number): number {
  let index = quote + 1;
  for (;;) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) return index + 1;
    if (code === BACKSLASH) {
      const end = skipPattern(ESCAPE, text, index);
      if (end < 0) return ~index;
      index = end;
    } else if (code >= 0x20) {
      index++;
    } else {
      return ~index; // a raw control character, or NaN: the end of the text
    }
  }
}

/** @returns the index after what the sticky pattern matches at `index`, or a negative number where it doesn't */
function skipPattern(pattern: RegExp, text: string, index: number): number {
  pattern.lastIndex = index;
  return pattern.test(text) ? pattern.lastIndex : ~index;
}

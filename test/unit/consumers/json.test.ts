import { performance } from 'node:perf_hooks';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../consumers/json.ts';

const parse = (text: string) => parseJson(Buffer.from(text));
const refusal = (bytes: Uint8Array | string) => {
  const result = parseJson(Buffer.from(bytes as string));
  return 'refusal' in result ? result.refusal : undefined;
};

describe('parseJson', () => {
  it('gives what JSON.parse gives, for every JSON value and every way of spacing it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(parse(text)).toEqual({ value: JSON.parse(text) });
      }),
    );
  });

  it('accepts exactly the texts that JSON.parse accepts, where no key comes twice', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"\\u00e9"',
      '"\\x"',
      '"',
      '1',
      '-',
      '0',
      '.5',
      'e9',
      'true',
      'nul',
      ' ',
      '\n',
      '\u00a0',
      '\t"\t"',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 9 }), (chosen) => {
        const text = chosen.join('');
        const result = parse(text);
        if ('refusal' in result && result.refusal.code !== 'MALFORMED_JSON') return;
        expect('value' in result).toBe(isJson(text));
      }),
      { numRuns: 5000 },
    );
  });

  it('names line and column of what is malformed', () => {
    expect(refusal('{\n  "a": 1,\n  "b": NaN\n}')).toEqual({
      code: 'MALFORMED_JSON',
      reason: 'Malformed JSON at line 3, column 8: a value expected.',
    });
    expect(refusal('{"a":1')?.reason).toBe('Malformed JSON at line 1, column 7: "," or "}" expected.');
    expect(refusal('')?.reason).toBe('Malformed JSON at line 1, column 1: a value expected.');
    for (const text of ['[-Infinity]', '[1,]', '{"a":1,}', '{,}', '[01]', "['a']", '[1] 2', '"\u0001"', '"a']) {
      expect(refusal(text)?.code).toBe('MALFORMED_JSON');
    }
  });

  it('refuses a key that comes twice in one object, however it is escaped, and only there', () => {
    expect(refusal('{"a":1,"b":{"a":2},"\\u0061":3}')).toMatchObject({ code: 'DUPLICATE_KEY' });
    expect(parse('[{"a":{"a":1}},{"a":2}]')).toEqual({ value: [{ a: { a: 1 } }, { a: 2 }] });
  });

  it('refuses nesting beyond 100 levels without a stack overflow', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(parse(nested(100))).toHaveProperty('value');
    expect(refusal(nested(101))?.code).toBe('NESTED_TOO_DEEPLY');
    expect(refusal('['.repeat(1_000_000))?.code).toBe('NESTED_TOO_DEEPLY');
    expect(refusal('{"a":'.repeat(1_000_000))?.code).toBe('NESTED_TOO_DEEPLY');
  });

  it('refuses bytes that are not UTF-8 with the offset of the first wrong one', () => {
    expect(refusal(Buffer.from('{"a":"M\xfcller"}', 'latin1'))?.reason).toBe('Invalid UTF-8 at byte offset 7.');
    expect(refusal(Buffer.from('["\xe4l"]', 'latin1'))?.reason).toBe('Invalid UTF-8 at byte offset 2.');
    expect(refusal(Buffer.from([0x22, 0xc3, 0xa9, 0xc0, 0xaf, 0x22]))?.reason).toBe('Invalid UTF-8 at byte offset 3.');
    expect(refusal(Buffer.from([0x22, 0x61, 0xe2, 0x82]))?.reason).toBe('Invalid UTF-8 at byte offset 2.');
    expect(refusal(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))?.code).toBe('INVALID_UTF8');
  });

  it('names UTF-16 and removes the byte order mark of UTF-8', () => {
    expect(refusal(Buffer.from('\ufeff{}', 'utf16le'))?.code).toBe('UTF16');
    expect(refusal(Buffer.from('\ufeff{}', 'utf16le').swap16())?.code).toBe('UTF16');
    expect(parse('\ufeff{}')).toEqual({ value: {} });
    expect(parse('\ufeff\ufeff{}')).toHaveProperty('refusal');
  });

  it('keeps __proto__ an ordinary key that changes no prototype', () => {
    const result = parse('{"__proto__":{"isAdmin":true}}');
    const value = 'value' in result ? (result.value as object) : {};
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it('reads 10 MB in well under half a second', () => {
    const entry = {
      request: { url: 'https://a.example/ü?"', headers: [{ name: 'Accept', value: '*/*' }] },
      time: 12.5,
    };
    const text = JSON.stringify({ log: { entries: Array.from({ length: 90_000 }, () => entry) } });
    expect(text.length).toBeGreaterThan(9_000_000);
    const bytes = Buffer.from(text);
    parseJson(bytes);
    const start = performance.now();
    parseJson(bytes);
    expect(performance.now() - start).toBeLessThan(2_000); // 0.2 s when nothing else runs
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

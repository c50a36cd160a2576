import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { getDomain } from 'tldts';
import { describe, expect, it } from 'vitest';
import { normaliseHost, privateSuffix, registrableDomain } from '../../../src/identity/domain-name.ts';

const lines = readFileSync(new URL('../../fixtures/bad/domain-names.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const subject = (line: number) => (JSON.parse(lines[line - 1]!) as { subject: string }).subject;

/** The registrable domain of a name, or the code by which it is refused. */
function outcome(name: string): string {
  const normal = normaliseHost(name);
  if ('refusal' in normal) return normal.refusal.code;
  return registrableDomain(normal.host) ?? 'NO_REGISTRABLE_DOMAIN';
}

describe('domain names', () => {
  it.each([
    [1, 'NAME_EMPTY'],
    [2, 'trailing.example'],
    [3, 'mixed.example'],
    [4, 'mixed.example'],
    [5, 'NAME_TOO_LONG'],
    [6, 'NAME_TOO_LONG'],
    [7, `${'a'.repeat(63)}.example`],
    [8, 'IP_ADDRESS'],
    [9, 'IP_ADDRESS'],
    [10, 'under.example'],
    [11, 'xn--bcher-kva.example'],
    [12, 'xn--bcher-kva.example'],
    [13, 'INVALID_IDNA'],
    [14, 'INVALID_IDNA'],
    [15, 'NO_REGISTRABLE_DOMAIN'],
    [16, 'github.io'],
    [17, 'somebody.github.io'],
    [18, 'NO_REGISTRABLE_DOMAIN'],
    [19, 'wild.example'],
    [20, 'xn--i-7iq.example'],
    [21, 'xn--pple-login-yqi.example'],
    [22, 'CHARACTER_NOT_ALLOWED'],
    [23, 'CHARACTER_NOT_ALLOWED'],
    [24, 'space.example'],
    [25, 'NOT_A_DOMAIN_NAME'],
    [26, 'EMPTY_LABEL'],
  ])('line %i of the list of odd names gives %s', (line, expected) => {
    expect(outcome(subject(line))).toBe(expected);
  });

  it.each([
    ['999.1.2.3', 'IP_ADDRESS'],
    ['１２７.0.0.1', 'IP_ADDRESS'],
    ['127.0.0.1.', 'IP_ADDRESS'],
    ['0x7f.1', 'IP_ADDRESS'],
    ['::1', 'IP_ADDRESS'],
    ['host.example:80', 'NOT_A_DOMAIN_NAME'],
    ['someone@mail.example', 'NOT_A_DOMAIN_NAME'],
    ['*', 'CHARACTER_NOT_ALLOWED'],
    ['*.', 'EMPTY_LABEL'],
    ['.', 'EMPTY_LABEL'],
    ['two words.example', 'CHARACTER_NOT_ALLOWED'],
    ['soft\u00adhyphen.example', 'CHARACTER_NOT_ALLOWED'],
    ['half\ud800.example', 'CHARACTER_NOT_ALLOWED'],
    ['日本。jp', 'xn--wgv71a.jp'],
    ['1e100.net', '1e100.net'],
    ['foo-.hyphen.example', 'hyphen.example'],
    ['x'.repeat(1_000_000), 'NAME_TOO_LONG'],
  ])('%s gives %s', (name, expected) => {
    expect(outcome(name)).toBe(expected);
  });

  it('has one normal form: normalising again changes nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.string({ unit: 'grapheme' })), (name) => {
        const first = normaliseHost(name);
        if ('host' in first) expect(normaliseHost(first.host)).toEqual(first);
      }),
      { numRuns: 2000 },
    );
  });

  it('gives the same for a name in upper case, with blanks around, a final dot or a wildcard', () => {
    fc.assert(
      fc.property(fc.domain(), (name) => {
        const plain = normaliseHost(name);
        for (const other of [name.toUpperCase(), ` ${name}\t`, `${name}.`, `*.${name}`]) {
          expect(normaliseHost(other)).toEqual(plain);
        }
      }),
    );
  });

  it('takes the registrable domain from the Public Suffix List, private suffixes counted', () => {
    fc.assert(
      fc.property(fc.domain(), (host) => {
        const name = host.toLowerCase();
        expect(registrableDomain(name) ?? null).toBe(getDomain(name, { allowPrivateDomains: true }));
      }),
    );
    expect(registrableDomain('a.b.x.s3.amazonaws.com')).toBe('x.s3.amazonaws.com');
    expect(registrableDomain('example')).toBeUndefined();
  });

  it('names the platform of a domain under a private suffix, and none for the platform itself', () => {
    expect(privateSuffix('somebody.github.io')).toBe('github.io');
    expect(privateSuffix('d1.cloudfront.net')).toBe('cloudfront.net');
    expect(privateSuffix('github.io')).toBeUndefined();
    expect(privateSuffix('shop.co.uk')).toBeUndefined();
  });

  it('never repeats a name in a reason, since it may be a URL with a password', () => {
    const refused = normaliseHost('https://user:FAKE-PASSWORD@host.example/');
    expect(JSON.stringify(refused)).not.toContain('FAKE');
  });
});

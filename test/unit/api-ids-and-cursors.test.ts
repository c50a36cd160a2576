import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor } from '../../src/api/cursors.ts';
import {
  decodeId,
  idOfClaim,
  idOfDependency,
  idOfDomain,
  idOfIncident,
  idOfOrganization,
  organizationKeyOf,
} from '../../src/api/ids.ts';
import { SERVICES } from '../../src/identity/service.ts';

const text = fc.string({ minLength: 1, maxLength: 100, unit: 'grapheme' });
const instant = fc.integer({ min: -8.64e15, max: 8.64e15 });
const reference = fc.oneof(
  text.map((name) => ({ kind: 'domain' as const, name })),
  text.map((key) => ({ kind: 'organization' as const, key })),
);
const claimKey = fc.record({
  source: text,
  subject: reference,
  service: fc.constantFrom(...SERVICES),
  object: reference,
});

const code = (code: string) => expect.objectContaining({ code });

describe('a global id', () => {
  it('stands for what it was made of', () => {
    fc.assert(
      fc.property(text, text, claimKey, fc.option(instant, { nil: undefined }), (a, b, claim, asOf) => {
        expect(decodeId(idOfDomain(a))).toEqual({ type: 'Domain', name: a });
        expect(decodeId(idOfOrganization(a))).toEqual({ type: 'Organization', key: a });
        expect(decodeId(idOfIncident(a))).toEqual({ type: 'Incident', key: a });
        expect(decodeId(idOfClaim(claim))).toEqual({ type: 'Claim', key: claim });
        expect(decodeId(idOfDependency({ dependent: a, vendor: b }, asOf))).toEqual({
          type: 'Dependency',
          pair: { dependent: a, vendor: b },
          asOf,
        });
      }),
    );
  });

  it('is refused by a code when it is anything else', () => {
    const hostile = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
    );
    fc.assert(
      fc.property(hostile, (id) => {
        expect(() => decodeId(id)).toThrow(code('BAD_ID'));
      }),
    );
  });

  it('of a domain is refused where an organization is needed', () => {
    expect(() => organizationKeyOf('from', idOfDomain('example.com'))).toThrow(/^from: .*Domain.*Organization/);
    expect(organizationKeyOf('from', idOfOrganization('partner:x'))).toBe('partner:x');
  });
});

describe('a cursor', () => {
  it('round-trips within its listing', () => {
    fc.assert(
      fc.property(instant, fc.double({ noNaN: true, noDefaultInfinity: true }), text, (at, value, key) => {
        // JSON knows no negative zero.
        const cursor = { at: at + 0, key: [value + 0, key] };
        const listing = 'dependencies by CONFIDENCE';
        expect(decodeCursor(listing, encodeCursor(listing, cursor))).toEqual(cursor);
      }),
    );
  });

  it('is refused by a code in another listing', () => {
    const cursor = encodeCursor('concentration', { at: 1, key: [2, 'k'] });
    expect(() => decodeCursor('nthParties', cursor)).toThrow(code('BAD_CURSOR'));
    expect(() => decodeCursor('vendors by DEPENDENTS', cursor)).toThrow(code('BAD_CURSOR'));
  });

  it('is refused by a code when any one character is changed', () => {
    const cursor = encodeCursor('domains', { at: 1_700_000_000_000, key: ['example.com'] });
    for (let i = 0; i < cursor.length; i++) {
      const other = cursor[i] === 'A' ? 'B' : 'A';
      expect(() => decodeCursor('domains', cursor.slice(0, i) + other + cursor.slice(i + 1))).toThrow(
        code('BAD_CURSOR'),
      );
    }
  });

  it('is refused by a code when it is anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (cursor) => {
        expect(() => decodeCursor('search', cursor)).toThrow(code('BAD_CURSOR'));
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchName, organizationKey } from '../../../src/identity/organization-key.ts';

const key = (label: string) => {
  const read = organizationKey('partner', label);
  return 'refusal' in read ? read.refusal.code : read.key;
};

describe('organization keys', () => {
  it('fold case and blanks, and keep the punctuation that tells labels apart', () => {
    expect(organizationKey('partner', ' ACME  Payments\u00a0Inc. ')).toEqual({
      key: 'partner:acme payments inc.',
      name: 'ACME Payments Inc.',
    });
    expect(key('Acme Payments Inc')).not.toBe(key('Acme Payments Inc.'));
    expect(organizationKey('imc2020', "let'sencrypt")).toMatchObject({ key: "imc2020:let'sencrypt" });
  });

  it.each([
    ['Cafe\u0301', 'Caf\u00e9'],
    ['GROSS STRASSE', 'Gro\u00df Stra\u00dfe'],
    ['GRO\u1e9e', 'gross'],
    ['ΟΔΟΣ', 'οδος'],
    ['İstanbul', 'i\u0307stanbul'],
  ])('are one for %s and %s', (a, b) => {
    expect(key(a)).toBe(key(b));
  });

  it('do not take the dotless ı for an i', () => {
    expect(key('Kadıköy')).not.toBe(key('Kadiköy'));
  });

  it('are the same again when made of a key’s own label, for each letter there is', () => {
    const unstable: string[] = [];
    for (let point = 0; point <= 0x10ffff; point++) {
      const letter = String.fromCodePoint(point);
      if (!/\p{L}/u.test(letter)) continue;
      const once = key(letter);
      if (key(once.slice('partner:'.length)) !== once || (letter !== 'ı' && key(letter.toUpperCase()) !== once))
        unstable.push(letter);
    }
    expect(unstable).toEqual([]);
  });

  it('are the same again when made of a key’s own label', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (label) => {
        const first = organizationKey('partner', label);
        if ('refusal' in first || first.key.startsWith('lei:')) return;
        expect(key(first.key.slice('partner:'.length))).toBe(first.key);
        expect(key(label.toUpperCase())).toBe(key(label.toUpperCase().toLowerCase().toUpperCase()));
      }),
      { numRuns: 2000 },
    );
  });

  it('leave out control characters, terminal codes and marks that turn the writing direction', () => {
    expect(organizationKey('partner', 'Bell\u0007 and \u001b[31mred\u001b[0m Ltd')).toMatchObject({
      name: 'Bell and red Ltd',
    });
    expect(organizationKey('partner', 'Two\r\nLines Ltd')).toMatchObject({ name: 'Two Lines Ltd' });
    expect(organizationKey('partner', 'A\u202eB\u200b C')).toMatchObject({ name: 'AB C' });
  });

  it('refuse what is no name', () => {
    expect(key(' \u2003\t')).toBe('NAME_EMPTY');
    expect(key('...!!!---')).toBe('NAME_WITHOUT_LETTER');
    expect(key('x'.repeat(201))).toBe('NAME_TOO_LONG');
    expect(key('x'.repeat(1024 * 1024))).toBe('NAME_TOO_LONG');
    expect(key('half \ud800')).toBe('CHARACTER_NOT_ALLOWED');
  });

  it('let a Legal Entity Identifier stand for itself, whoever says it', () => {
    expect(organizationKey('partner', 'lei:5493001kjtiigc8y1r12')).toEqual({
      key: 'lei:5493001KJTIIGC8Y1R12',
      name: '',
    });
    expect(key('lei:5493001')).toBe('INVALID_IDENTIFIER');
  });
});

describe('matchName', () => {
  it('keeps letters and digits only', () => {
    expect(matchName('Acme Payments, Inc.')).toBe(matchName('ACME PAYMENTS INC'));
    expect(matchName('1&1 Ionos')).toBe('11ionos');
  });
});

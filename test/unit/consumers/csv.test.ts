import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRecord, splitRow } from '../../../consumers/csv.ts';

describe('CSV rows', () => {
  it('come apart as they were put together', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', 'é', ' ') });
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 5 }), (fields) => {
        const row = fields.map((text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(',');
        expect(splitRow(row)).toEqual({ fields });
      }),
    );
  });

  it('keep empty fields, and a quote inside a field that does not begin with one', () => {
    expect(splitRow(',5" disk,')).toEqual({ fields: ['', '5" disk', ''] });
  });

  it('are refused where a quote does not close, or something follows it', () => {
    for (const row of ['a,"b', 'a,"b"c', '"']) {
      expect(splitRow(row)).toMatchObject({ refusal: { code: 'UNCLOSED_QUOTE' } });
    }
  });

  it('are read by the names of their columns, whatever the case', () => {
    const read = readRecord('Type, subject', Buffer.from('uses,"a,b"'), ['type']);
    expect('record' in read && Object.fromEntries(read.record)).toEqual({ type: 'uses', subject: 'a,b' });
  });

  it.each([
    ['type,subject', 'uses', 'WRONG_COLUMN_COUNT'],
    ['type,subject', 'uses,a,b', 'WRONG_COLUMN_COUNT'],
    ['kind,subject', 'uses,a', 'MISSING_COLUMN'],
    ['type,Type', 'uses,a', 'MISSING_COLUMN'],
  ])('below the header %s refuse %s as %s', (columns, row, code) => {
    expect(readRecord(columns, Buffer.from(row), ['type'])).toMatchObject({ refusal: { code } });
  });
});

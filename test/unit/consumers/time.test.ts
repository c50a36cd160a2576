import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkTime } from '../../../consumers/document.ts';
import { parseDay, parseTime } from '../../../consumers/time.ts';

describe('parseTime', () => {
  it('reads what Date writes', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
        (date) => {
          expect(parseTime(date.toISOString(), 'at')).toEqual({ time: date.getTime() });
        },
      ),
    );
  });

  it.each([
    ['2026-10-01T14:00:00+02:00', '2026-10-01T12:00:00.000Z'],
    ['2026-10-01T14:00:00+0200', '2026-10-01T12:00:00.000Z'],
    ['2026-10-01T23:30:00.123456789-05:30', '2026-10-02T05:00:00.123Z'],
    ['2024-02-29T00:00Z', '2024-02-29T00:00:00.000Z'],
  ])('reads %s as %s', (text, utc) => {
    expect(parseTime(text, 'at')).toEqual({ time: Date.parse(utc) });
  });

  it.each([
    '2026-02-30T00:00:00Z',
    '2026-10-01T24:00:00Z',
    '2026-10-01T12:00:00',
    '2026-10-01',
    '1759320000',
    1759320000,
    null,
    {},
  ])('refuses %s', (value) => {
    expect(parseTime(value, 'at')).toMatchObject({ refusal: { code: 'TIME_INVALID' } });
  });

  it('reads a day as its midnight in UTC, and none that no calendar has', () => {
    expect(parseDay('2026-01-15', 'day')).toEqual({ time: Date.UTC(2026, 0, 15) });
    expect(parseDay('2026-02-29', 'day')).toHaveProperty('refusal');
  });
});

describe('checkTime', () => {
  const document = { place: 'x', producedAt: Date.UTC(2026, 10, 25) };

  it('refuses a time before 1990, and one more than a day after the document was produced', () => {
    expect(checkTime(Date.UTC(1989, 11, 31), document)?.code).toBe('TIME_OUT_OF_RANGE');
    expect(checkTime(document.producedAt + 86_400_001, document)?.code).toBe('TIME_IN_FUTURE');
    expect(checkTime(document.producedAt + 86_400_000, document)).toBeUndefined();
    expect(checkTime(Number.NaN, document)?.code).toBe('TIME_OUT_OF_RANGE');
  });
});

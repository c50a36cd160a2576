import fc from 'fast-check';
import { expect, test } from 'vitest';
import { slices } from '../../src/stream/slices.ts';

const message = (offset: number, size: number) => ({
  offset: String(offset),
  timestamp: '0',
  key: null,
  value: Buffer.alloc(size),
  attributes: 0,
  headers: {},
});

test('slices leave no position out, keep the order, and are bounded in number and size', () => {
  const batch = fc.record({
    from: fc.nat(1_000),
    sizes: fc.array(fc.constantFrom(0, 10, 9_000_000), { minLength: 1, maxLength: 12 }),
    gaps: fc.array(fc.nat(3), { minLength: 12, maxLength: 12 }),
    trailing: fc.nat(2),
  });
  fc.assert(
    fc.property(batch, ({ from, sizes, gaps, trailing }) => {
      let offset = from;
      const messages = sizes.map((size, i) => {
        offset += gaps[i] ?? 0;
        return message(offset++, size);
      });
      const last = offset - 1 + trailing;
      const cut = [...slices({ topic: 't', partition: 0, messages, lastOffset: () => String(last) }, from)];
      expect(cut[0]?.from).toBe(from);
      expect(cut.at(-1)?.next).toBe(last + 1);
      expect(cut.slice(1).map((slice) => slice.from)).toEqual(cut.slice(0, -1).map((slice) => slice.next));
      for (const { records } of cut) {
        const bytes = records.reduce((sum, record) => sum + (record.value?.length ?? 0), 0);
        expect(records.length === 1 || bytes <= 16 * 1024 * 1024).toBe(true);
      }
      expect(cut.flatMap((slice) => slice.records.map((record) => String(record.offset)))).toEqual(
        messages.map((m) => m.offset),
      );
    }),
    { numRuns: 50 },
  );
});

test('a slice holds at most 5,000 messages', () => {
  const messages = Array.from({ length: 12_000 }, (_, i) => message(i, 1));
  const cut = [...slices({ topic: 't', partition: 0, messages, lastOffset: () => '11999' }, 0)];
  expect(cut.map((slice) => slice.records.length)).toEqual([5_000, 5_000, 2_000]);
});

test('headers are text, and the last of two of one name counts', () => {
  const headers = { a: Buffer.from('ä'), b: [Buffer.from('1'), '2'], c: undefined };
  const [slice] = slices(
    { topic: 't', partition: 0, messages: [{ ...message(0, 1), headers }], lastOffset: () => '0' },
    0,
  );
  expect(slice?.records[0]?.headers).toEqual({ a: 'ä', b: '2' });
});

import { toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { deadLetter, type Refused } from '../../src/stream/dead-letters.ts';
import { DeadLetterSchema } from '../../src/stream/generated/avd/dead_letters/v1/dead_letters_pb.ts';
import { MAX_MESSAGE_BYTES } from '../../src/stream/kafka.ts';
import { MAX_DOCUMENT_BYTES } from '../../src/stream/topics.ts';

const refused: Refused = {
  source: 'partner',
  stream: 'partner-relationships',
  document: 'd',
  place: 'a.csv line 7',
  code: 'MALFORMED_JSON',
  reason: 'why',
  origin: { topic: 't', partition: 1, offset: 5 },
  original: Buffer.from('bytes'),
};

test('the same refusal has the same id whenever it happens, and another place, offset or document another id', () => {
  const id = deadLetter(refused, 1).id;
  expect(deadLetter(refused, 2).id).toBe(id);
  const others = [
    { ...refused, place: 'a.csv line 8' },
    { ...refused, document: 'e' },
    { ...refused, origin: { topic: 't', partition: 1, offset: 6 } },
  ].map((other) => deadLetter(other, 1).id);
  expect(new Set([id, ...others]).size).toBe(4);
});

test('a letter keeps 16 MiB of original whole, and of more its first 64 kB', () => {
  const whole = deadLetter({ ...refused, original: Buffer.alloc(MAX_DOCUMENT_BYTES) }, 1);
  expect([whole.original.length, whole.truncated]).toEqual([MAX_DOCUMENT_BYTES, false]);
  const cut = deadLetter({ ...refused, original: Buffer.alloc(MAX_DOCUMENT_BYTES + 1) }, 1);
  expect([cut.original.length, cut.truncated]).toEqual([64 * 1024, true]);
});

test('a letter fits its topic, whatever the refused message held', () => {
  const long = 'ä'.repeat(100_000);
  const parts = Array.from({ length: 100_000 }, (_, i) => ({
    place: `${long}${i}`,
    code: 'FIELD_MISSING',
    reason: long,
  }));
  const headers = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`h${i}`, 'x'.repeat(10_000)]));
  const original = Buffer.alloc(MAX_DOCUMENT_BYTES);
  const key = Buffer.alloc(1_000_000);
  const letter = deadLetter({ ...refused, place: long, reason: long, source: long, parts, headers, original, key }, 1);
  expect(toBinary(DeadLetterSchema, letter).length).toBeLessThan(MAX_MESSAGE_BYTES);
  expect(letter.parts.at(-1)?.reason).toContain('more parts');
});

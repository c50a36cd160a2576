import { pino } from 'pino';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { type ChangeSlice, type Follow, followHere } from '../../src/exposure/following.ts';
import { followElsewhere } from '../../src/exposure/following-elsewhere.ts';
import { createKafka, withAdmin } from '../../src/stream/kafka.ts';
import { positionKey } from '../../src/stream/positions.ts';
import { createProducer } from '../../src/stream/producer.ts';
import { uniqueName } from '../support/database.ts';
import { testServers } from '../support/test-servers.ts';
import { withNullValue } from '../support/tombstone.ts';

/** Following the changes, on this thread and on another: the index is told of each, in order, until it has it. */
const { kafkaBrokers } = testServers();
const kafka = createKafka(kafkaBrokers);
const producer = createProducer(kafka);
const PARTITIONS = 3;
const COUNT = 300;

let topic: string;
beforeEach(async () => {
  topic = uniqueName('changes');
  await withAdmin(kafka, (admin) =>
    admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }], waitForLeaders: true }),
  );
  await producer.send(
    topic,
    Array.from({ length: COUNT }, (_, n) => ({ key: `key ${n}`, value: Buffer.from(`${n}`) })),
  );
  await withNullValue(kafka, topic);
});
afterAll(() => producer.close());

const start = () =>
  new Map(Array.from({ length: PARTITIONS }, (_, partition): [string, number] => [positionKey(topic, partition), 0]));
const groupsNow = async () => (await withAdmin(kafka, (admin) => admin.listGroups())).groups.map((g) => g.groupId);
const isText = (text: string | null): boolean => text !== null;
const textOf = (value: Uint8Array | null): string | null => (value === null ? null : Buffer.from(value).toString());

describe.each<[string, Follow]>([
  ['on this thread', followHere(kafka, pino({ level: 'silent' }))],
  ['on another thread', followElsewhere({ kafkaBrokers, logLevel: 'silent' })],
])('changes that are read %s', (_, follow) => {
  test('come each once and in order, and again where they could not be taken', async () => {
    const over = new AbortController();
    const before = await groupsNow();
    const positions = start();
    const taken: (string | null)[] = [];
    let attempts = 0;
    const handle = async (slices: readonly ChangeSlice[]) => {
      attempts++;
      if (attempts === 1) throw new AppError('DATABASE_UNAVAILABLE', 'away');
      for (const { topic: of, partition, next, values } of slices) {
        const key = positionKey(of, partition);
        expect(next - (positions.get(key) ?? 0)).toBe(values.length);
        positions.set(key, next);
        const texts = values.map(textOf);
        expect(texts.filter(isText)).toEqual(texts.filter(isText).sort((a, b) => Number(a) - Number(b)));
        taken.push(...texts);
      }
      if (taken.length > COUNT) over.abort();
    };
    await follow({ topics: [topic], positions, handle }, over.signal);
    expect(attempts).toBeGreaterThan(1);
    expect(taken.filter((value) => value === null)).toHaveLength(1);
    expect(taken.flatMap((value) => value ?? []).sort()).toEqual(
      Array.from({ length: COUNT }, (_v, n) => `${n}`).sort(),
    );
    expect((await groupsNow()).filter((group) => !before.includes(group))).toEqual([]);
  });

  test('are given up where they can never be taken', async () => {
    const handle = async () => {
      throw new TypeError('not to be read');
    };
    const following = follow({ topics: [topic], positions: start(), handle }, new AbortController().signal);
    await expect(following).rejects.toThrow('not to be read');
  });

  test('are given up where the log no longer has them', async () => {
    const positions = new Map([...start().keys()].map((key) => [key, COUNT * 10]));
    const following = follow({ topics: [topic], positions, handle: async () => {} }, new AbortController().signal);
    await expect(following).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
  });

  test('are followed no longer by who is told to end, whenever that is', async () => {
    const before = await groupsNow();
    for (const delay of [0, 10, 30, 60, 100, 200, 400]) {
      const handle = async () => undefined;
      await follow({ topics: [topic], positions: start(), handle }, AbortSignal.timeout(delay));
    }
    await follow({ topics: [topic], positions: start(), handle: async () => undefined }, AbortSignal.abort());
    expect((await groupsNow()).filter((group) => !before.includes(group))).toEqual([]);
  });
});

test('a thread that fails is a stream that is away', async () => {
  const follow = followElsewhere({ kafkaBrokers: [], logLevel: 'no such level' });
  const following = follow(
    { topics: [topic], positions: start(), handle: async () => {} },
    new AbortController().signal,
  );
  await expect(following).rejects.toMatchObject({ code: 'STREAM_UNAVAILABLE' });
});

import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createOffsetStore } from '../../src/graph/offsets.ts';
import { createStreamConsumer, type StreamConsumer } from '../../src/stream/consumer.ts';
import {
  ALL_TOPICS,
  createKafka,
  ensureTopics,
  logEnds,
  MAX_MESSAGE_BYTES,
  withAdmin,
} from '../../src/stream/kafka.ts';
import { createProducer } from '../../src/stream/producer.ts';
import { readToEnd } from '../../src/stream/read.ts';
import type { StreamSlice } from '../../src/stream/slices.ts';
import { MAX_DOCUMENT_BYTES, TYPED_TOPICS } from '../../src/stream/topics.ts';
import { freshDatabase, testDriver, uniqueName } from '../support/database.ts';
import { testServers } from '../support/test-servers.ts';

const kafka = createKafka(testServers().kafkaBrokers);
const driver = testDriver();
const offsets = createOffsetStore(driver);
const producer = createProducer(kafka);
const logger = pino({ level: 'silent' });

beforeAll(() => freshDatabase(driver));
afterAll(async () => {
  await producer.close();
  await driver.close();
});

async function newTopic(partitions: number): Promise<string> {
  const topic = uniqueName('topic');
  await withAdmin(kafka, (admin) =>
    admin.createTopics({
      topics: [
        {
          topic,
          numPartitions: partitions,
          configEntries: [{ name: 'max.message.bytes', value: String(MAX_MESSAGE_BYTES) }],
        },
      ],
      waitForLeaders: true,
    }),
  );
  return topic;
}

const messages = (count: number, prefix = 'm') =>
  Array.from({ length: count }, (_, i) => ({ key: `key-${i % 50}`, value: Buffer.from(`${prefix}${i}`) }));

/** A consumer that counts each message as applied, in the transaction that moves its position. */
function counting(group: string, topic: string, seen: StreamSlice[], concurrency = 2): StreamConsumer {
  const handle = async (slice: StreamSlice) => {
    const counters = { applied: slice.records.length, superseded: 0, filtered: 0, deadLettered: 0 };
    await offsets.commit({ ...slice, group, counters });
    seen.push(slice);
  };
  return createStreamConsumer({ kafka, group, topics: [topic], store: offsets, concurrency, logger, handle });
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function accounted(group: string, topic: string) {
  const rows = (await offsets.all()).filter((row) => row.group === group && row.topic === topic);
  return {
    applied: rows.reduce((sum, row) => sum + row.applied, 0),
    positions: rows.reduce((sum, row) => sum + row.next - row.first, 0),
  };
}

describe('topics', () => {
  test('all topics are created once, merges and withdrawals with a single partition', async () => {
    await ensureTopics(kafka, { partitions: 3 });
    await ensureTopics(kafka, { partitions: 5 });
    const ends = await logEnds(kafka, ALL_TOPICS);
    const partitions = (topic: string) => ends.filter((end) => end.topic === topic).length;
    expect(partitions(TYPED_TOPICS.mergeStated)).toBe(1);
    expect(partitions(TYPED_TOPICS.sourceWithdrawn)).toBe(1);
    expect(ALL_TOPICS.every((topic) => partitions(topic) > 0)).toBe(true);
  });
});

describe('the producer', () => {
  test('messages of one key stay in order, and none is lost', async () => {
    const topic = await newTopic(4);
    await Promise.all([0, 1, 2, 3].map((i) => producer.send(topic, messages(3_000, `${i}-`))));
    const byKey = new Map<string, string[]>();
    await readToEnd(kafka, [topic], async (slice) => {
      for (const { key, value } of slice.records) {
        const values = byKey.get(String(key)) ?? [];
        values.push(String(value));
        byKey.set(String(key), values);
      }
    });
    expect([...byKey.values()].flat()).toHaveLength(12_000);
    for (const values of byKey.values()) {
      for (const sender of ['0', '1', '2', '3']) {
        const sent = values.filter((v) => v.startsWith(`${sender}-`)).map((v) => Number(v.slice(2)));
        expect(sent).toEqual([...sent].sort((a, b) => a - b));
      }
    }
  });

  test('a document of 16 MiB passes, and a message that is too large is said to be so', async () => {
    const topic = await newTopic(1);
    await producer.send(topic, [{ key: 'large', value: Buffer.alloc(MAX_DOCUMENT_BYTES, 1) }]);
    const tooLarge = producer.send(topic, [{ key: 'larger', value: Buffer.alloc(MAX_MESSAGE_BYTES + 1, 1) }]);
    await expect(tooLarge).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await producer.send(topic, messages(3));
    const sizes: number[] = [];
    await readToEnd(kafka, [topic], async ({ records }) => {
      sizes.push(...records.map((record) => record.value?.length ?? 0));
    });
    expect(sizes).toEqual([MAX_DOCUMENT_BYTES, 2, 2, 2]);
  });
});

describe('the consumer', () => {
  test('handles each message once while consumers come and go, and accounts for each', async () => {
    const [topic, group] = [await newTopic(6), uniqueName('group')];
    const seen: StreamSlice[] = [];
    const running: Promise<void>[] = [];
    const start = () => {
      const consumer = counting(group, topic, seen);
      running.push(consumer.run());
      return consumer;
    };
    const first = start();
    for (let round = 0; round < 5; round++) await producer.send(topic, messages(4_000, `${round}-`));
    const others = [start(), start()];
    for (let round = 5; round < 10; round++) await producer.send(topic, messages(4_000, `${round}-`));
    first.stop();
    await until(async () => (await accounted(group, topic)).applied === 40_000, 'all is consumed');
    for (const consumer of others) consumer.stop();
    await Promise.all(running);

    expect(await accounted(group, topic)).toEqual({ applied: 40_000, positions: 40_000 });
    const values = new Set(seen.flatMap((slice) => slice.records.map((record) => String(record.value))));
    expect(values.size).toBe(40_000);
  });

  test('goes on from the stored position, whatever Kafka thinks the group has read', async () => {
    const [topic, group] = [await newTopic(1), uniqueName('group')];
    await producer.send(topic, messages(10));
    const counters = { applied: 7, superseded: 0, filtered: 0, deadLettered: 0 };
    await offsets.commit({ group, topic, partition: 0, from: 0, next: 7, counters });
    const seen: StreamSlice[] = [];
    const consumer = counting(group, topic, seen);
    const running = consumer.run();
    await until(async () => (await accounted(group, topic)).applied === 10, 'the rest is consumed');
    consumer.stop();
    await running;
    expect(seen.flatMap((slice) => slice.records.map((record) => record.offset))).toEqual([7, 8, 9]);

    // A database that has forgotten is told everything again.
    await freshDatabase(driver);
    const again = counting(group, topic, seen);
    const runningAgain = again.run();
    await until(async () => (await accounted(group, topic)).applied === 10, 'all is consumed again');
    again.stop();
    await runningAgain;
  });

  test('reads the position again when another consumer has moved it', async () => {
    const [topic, group] = [await newTopic(1), uniqueName('group')];
    await producer.send(topic, messages(10));
    const seen: StreamSlice[] = [];
    let isFirst = true;
    const handle = async (slice: StreamSlice) => {
      const commit = (next: number) => {
        const counters = { applied: next - slice.from, superseded: 0, filtered: 0, deadLettered: 0 };
        return offsets.commit({ ...slice, next, group, counters });
      };
      if (isFirst) await commit(4); // as a zombie would, in between
      isFirst = false;
      await commit(slice.next);
      seen.push(slice);
    };
    const consumer = createStreamConsumer({
      kafka,
      group,
      topics: [topic],
      store: offsets,
      concurrency: 1,
      logger,
      handle,
    });
    const running = consumer.run();
    await until(async () => (await accounted(group, topic)).applied === 10, 'all is consumed');
    consumer.stop();
    await running;
    expect(seen.map(({ from, next }) => [from, next])).toEqual([[4, 10]]);
  });

  test('stops with one sentence when its stored position is outside the log', async () => {
    const [topic, group] = [await newTopic(1), uniqueName('group')];
    await producer.send(topic, messages(3));
    const counters = { applied: 9, superseded: 0, filtered: 0, deadLettered: 0 };
    await offsets.commit({ group, topic, partition: 0, from: 0, next: 9, counters });
    await expect(counting(group, topic, []).run()).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
  });
});

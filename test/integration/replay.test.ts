import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDetector } from '../../src/detection/detector.ts';
import { type DatabaseAddress, openDriver } from '../../src/graph/driver.ts';
import { migrate } from '../../src/graph/migrate.ts';
import { type KafkaServer, startKafka } from '../../src/local/kafka.ts';
import { type Neo4jServer, startNeo4j } from '../../src/local/neo4j.ts';
import { freePorts } from '../../src/local/ports.ts';
import { rawMessage } from '../../src/main/raw-message.ts';
import { type ReplayCounts, replay } from '../../src/main/replay.ts';
import { createKafka, ensureTopics } from '../../src/stream/kafka.ts';
import { createProducer } from '../../src/stream/producer.ts';
import { RAW_TOPICS, type Stream } from '../../src/stream/topics.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { declaredSources } from '../support/facts.ts';
import { testServers } from '../support/test-servers.ts';
import { watchFolder } from '../support/watchdog.ts';
import '../support/short-lived-java.ts';

/** Documents enough for several fetches and several transactions. */
const STATEMENTS = 25_000;
const T = '2026-01-01T12:00:00Z';
const MIGRATIONS = join(import.meta.dirname, '../../migrations');

const folder = mkdtempSync(join(tmpdir(), 'avd-replay-'));
const endServers = watchFolder(folder);
let neo4j: Neo4jServer;
let kafka: KafkaServer;
let startNeo4jAgain: () => Promise<Neo4jServer>;
let startKafkaAgain: () => Promise<KafkaServer>;

beforeAll(async () => {
  const [port = 0, kafkaPort = 0, controllerPort = 0] = await freePorts(3);
  startNeo4jAgain = () => startNeo4j({ home: join(folder, 'neo4j'), port, password: 'only-for-tests' });
  startKafkaAgain = () => startKafka({ home: join(folder, 'kafka'), port: kafkaPort, controllerPort });
  [neo4j, kafka] = await Promise.all([startNeo4jAgain(), startKafkaAgain()]);
  await ensureTopics(createKafka(kafka.brokers), { partitions: 1 });
  await produceAll();
});
afterAll(() => endServers());

/** The database can't index so long a name. No real rule gives one. */
const wrongRule = {
  vendor: `${'x'.repeat(40_000)}.example`,
  service: 'DNS',
  confidence: 1,
  rule: 'ns-wrong',
} as const;
const knowledge = {
  sources: declaredSources,
  detector: { ...createDetector([], []), nameServer: () => wrongRule },
};

async function produceAll(): Promise<void> {
  const producer = createProducer(createKafka(kafka.brokers));
  const send = async (stream: Stream, source: string, texts: readonly string[]) => {
    const messages = texts.map((text, i) =>
      rawMessage({ bytes: Buffer.from(text), place: `test line ${i + 1}`, format: undefined }, { source }),
    );
    await producer.send(RAW_TOPICS[stream], await Promise.all(messages));
  };
  const use = { type: 'uses', object: 'vendor.example', service: 'dns', observedAt: T };
  const uses = Array.from({ length: STATEMENTS }, (_, i) => JSON.stringify({ ...use, subject: `site-${i}.example` }));
  for (let first = 0; first < STATEMENTS; first += 5_000) {
    await send('partner-relationships', 'partner', uses.slice(first, first + 5_000));
  }
  const answers = [{ type: 'NS', name: 'shop.example', answer: 'ns1.vendor.example' }];
  const results = { NS: { status: 'NOERROR', timestamp: T, data: { answers } } };
  await send('dns', 'zdns', [JSON.stringify({ name: 'shop.example', results })]);
  await producer.close();
}

async function replayInto(address: DatabaseAddress, progress: (now: ReplayCounts) => void) {
  const driver = openDriver(address);
  const logger = pino({ level: 'silent' });
  try {
    return await replay({ kafka: createKafka(kafka.brokers), driver, knowledge, logger, progress });
  } finally {
    await driver.close();
  }
}

test('an event that the database refuses is named, and keeps out no other; killed servers are waited for', async () => {
  const clean = testDriver();
  await freshDatabase(clean);
  await clean.close();
  const reference = await replayInto(testServers().neo4j, () => undefined);
  expect(reference).toMatchObject({ documents: STATEMENTS + 1, unwritable: 1, applied: STATEMENTS, superseded: 0 });
  expect(reference.refusals).toEqual([
    {
      code: 'UNWRITABLE_EVENT',
      reason: 'The database refuses what the message says.',
      place: 'test line 1',
      document: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
  ]);

  const driver = openDriver(neo4j);
  await migrate(driver, MIGRATIONS);
  await driver.close();
  let back: Promise<unknown> | undefined;
  const mortal = await replayInto(neo4j, ({ events }) => {
    if (events < STATEMENTS / 3 || back !== undefined) return;
    back = Promise.all([neo4j.kill().then(startNeo4jAgain), kafka.kill().then(startKafkaAgain)]);
  });
  await back;
  expect(mortal).toEqual(reference);
}, 240_000);

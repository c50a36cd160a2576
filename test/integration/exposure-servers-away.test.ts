import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KeptIndex } from '../../src/exposure/keeper.ts';
import type { Driver } from '../../src/graph/driver.ts';
import { openDriver } from '../../src/graph/driver.ts';
import { type KafkaServer, startKafka } from '../../src/local/kafka.ts';
import { type Neo4jServer, startNeo4j } from '../../src/local/neo4j.ts';
import { freePorts } from '../../src/local/ports.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import { createKafka, ensureTopics, type Kafka } from '../../src/stream/kafka.ts';
import { createProducer, type StreamProducer } from '../../src/stream/producer.ts';
import { changesOf } from '../support/changes-of.ts';
import { freshDatabase } from '../support/database.ts';
import { day, declaredSources, stateUse, writeFacts } from '../support/facts.ts';
import { type Keeping, startKeeping } from '../support/keeping.ts';
import { expectAsDatabase, expectAsFresh, untilReached, writeAndTell } from '../support/kept-index.ts';
import { manyActions } from '../support/many-actions.ts';
import { seeded } from '../support/seeded.ts';
import { watchFolder } from '../support/watchdog.ts';
import '../support/short-lived-java.ts';

/** Servers of its own, which it takes away: the index waits for them and goes on. */
const random = seeded(Date.now());
const next = manyActions(random);
const folder = mkdtempSync(join(tmpdir(), 'avd-away-'));
const end = watchFolder(folder);
let [neo4jPort, kafkaPort, controllerPort] = [0, 0, 0];
let neo4j: Neo4jServer;
let broker: KafkaServer;
let driver: Driver;
let kafka: Kafka;
let producer: StreamProducer;
let keeping: Keeping;

const bringNeo4j = () => startNeo4j({ home: join(folder, 'neo4j'), port: neo4jPort, password: 'only-for-tests' });
const bringKafka = () => startKafka({ home: join(folder, 'kafka'), port: kafkaPort, controllerPort });
const change = (count: number) =>
  writeAndTell(
    { driver, producer },
    Array.from({ length: count }, () => next(Date.now())),
  );
const kept = () => (keeping.current() as KeptIndex).index.queries();

async function expectFresh(): Promise<void> {
  await untilReached({ driver, kafka }, () => keeping.current()?.version);
  await expectAsFresh(kept(), driver, random);
}

beforeAll(async () => {
  [neo4jPort = 0, kafkaPort = 0, controllerPort = 0] = await freePorts(3);
  [neo4j, broker] = await Promise.all([bringNeo4j(), bringKafka()]);
  [driver, kafka] = [openDriver(neo4j), createKafka(broker.brokers)];
  producer = createProducer(kafka);
  await Promise.all([freshDatabase(driver), ensureTopics(kafka, { partitions: 2 })]);
  await change(500);
  keeping = startKeeping({ driver, kafka, sources: declaredSources, lookEvery: 200 });
  await expectFresh();
}, 180_000);
afterAll(async () => {
  await keeping.stop();
  await producer.close();
  await driver.close();
  await end();
}, 60_000);

test('the index goes on when Kafka is back, and answers meanwhile', async () => {
  const { index } = keeping.current() as KeptIndex;
  await broker.kill();
  await writeFacts(
    driver,
    Array.from({ length: 100 }, () => next(Date.now())),
  );
  await sleep(2_000);
  expect(await kept().vendorTotal({}, Date.now())).toBeGreaterThan(0);
  broker = await bringKafka();
  await change(100);
  await expectFresh();
  expect(keeping.current()?.index).toBe(index);
}, 180_000);

test('what only the database can decide waits for it', async () => {
  const { index } = keeping.current() as KeptIndex;
  // Of two statements of one time their events tell which one counts: the one that comes last need not be it.
  const statements = [0, 1].flatMap((vendor) =>
    [1, 0.5].map((confidence, i) => ({
      ...stateUse('partner', 'a.example', 'DNS', `b-${vendor}.example`, day(3), { confidence }),
      event: `event-${(i + vendor) % 2}`,
    })),
  );
  await writeAndTell({ driver, producer }, statements);
  await expectFresh();
  await neo4j.kill();
  // Each by itself and once more, as a relay may that was stopped in between.
  const late = statements.flatMap((statement) => changesOf([statement]).flat());
  for (const { topic, key, value } of late) await producer.send(topic, [{ key, value }]);
  await sleep(2_000);
  expect(await kept().vendorTotal({}, Date.now())).toBeGreaterThan(0);
  neo4j = await bringNeo4j();
  await expectFresh();
  const database = createNeo4jQueries({ driver, sources: declaredSources });
  const at = Date.now();
  for (const vendor of ['domain:b-0.example', 'domain:b-1.example']) {
    const pair = { dependent: 'domain:a.example', vendor };
    expect(await kept().dependency(pair, at)).toEqual(await database.dependency(pair, at));
  }
  await change(100);
  await expectFresh();
  expect(keeping.current()?.index).toBe(index);
}, 180_000);

test('an index that begins while both are away is made when they are back', async () => {
  await keeping.stop();
  await Promise.all([broker.kill(), neo4j.kill()]);
  keeping = startKeeping({ driver, kafka, sources: declaredSources });
  await sleep(3_000);
  expect(keeping.current()).toBeUndefined();
  [neo4j, broker] = await Promise.all([bringNeo4j(), bringKafka()]);
  await change(100);
  await expectFresh();
  await expectAsDatabase(kept(), driver, random);
}, 180_000);

import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createExposureIndexClient, type ExposureIndexClient, startIndexThread } from '../../src/exposure/client.ts';
import { createIndexedQueries } from '../../src/exposure/queries.ts';
import { inProgram } from '../../src/program.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import type { ExposureQueries } from '../../src/queries/types.ts';
import { declaredSources } from '../support/facts.ts';
import {
  expectAsDatabase,
  expectAsFresh,
  newestVersion,
  until,
  untilReached,
  writeAndTell,
} from '../support/kept-index.ts';
import { manyActions } from '../support/many-actions.ts';
import { createPipeline } from '../support/pipeline.ts';
import { seeded } from '../support/seeded.ts';
import { testServers } from '../support/test-servers.ts';

/** The index on its thread: whatever becomes of the thread, questions are answered. */
const random = seeded(Date.now());
const next = manyActions(random);
const servers = testServers();
const pipeline = createPipeline(servers, declaredSources);
const { driver, kafka } = pipeline;
const settings = {
  neo4j: servers.neo4j,
  kafkaBrokers: servers.kafkaBrokers,
  sources: inProgram('governance/sources.yaml'),
  logLevel: 'silent',
};
const threads: Worker[] = [];
let client: ExposureIndexClient;
let queries: ExposureQueries;

const change = (count: number) =>
  writeAndTell(
    { driver, producer: pipeline.producer },
    Array.from({ length: count }, () => next(Date.now())),
  );

beforeAll(async () => {
  await pipeline.begin({ partitions: 2 });
  await change(800);
  client = createExposureIndexClient(settings, pino({ level: 'silent' }), (workerData) => {
    const thread = startIndexThread(workerData);
    threads.push(thread);
    return thread;
  });
  queries = createIndexedQueries(createNeo4jQueries({ driver, sources: declaredSources, timeout: 60_000 }), client);
}, 120_000);
afterAll(async () => {
  await client.stop();
  await pipeline.close();
});

test('questions are answered before the index is there, and by it as soon as it is', async () => {
  expect(client.version()).toBeUndefined();
  await expect(client.queries().vendorTotal({}, Date.now())).rejects.toMatchObject({ code: 'INDEX_NOT_READY' });
  await expectAsFresh(queries, driver, random);
  await untilReached(pipeline, client.version);
  await expectAsFresh(client.queries(), driver, random);
});

test('who has written something can wait until the index reflects it', async () => {
  await change(200);
  const wanted = await newestVersion(driver, kafka);
  await client.waitFor(wanted, AbortSignal.timeout(30_000));
  await expectAsFresh(client.queries(), driver, random);
  const later = wanted.replace(/\d+$/, (offset) => String(Number(offset) + 1_000));
  await expect(client.waitFor(later, AbortSignal.timeout(100))).rejects.toMatchObject({ code: 'VERSION_NOT_REACHED' });
  await expect(client.waitFor('x', AbortSignal.timeout(100))).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
});

test('a thread that is killed while it is asked is replaced, and every question is answered meanwhile', async () => {
  for (let round = 0; round < 3; round++) {
    await untilReached(pipeline, client.version);
    const at = Date.now();
    const asking = Promise.all(
      Array.from({ length: 50 }, () => queries.concentrationRisk({ maxHops: 3 }, { first: 20, at })),
    );
    if (round > 0) await sleep(random() * 20);
    await threads.at(-1)?.terminate();
    const answers = await asking;
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    await until(() => threads.length === round + 2, 'another thread is started');
    await expectAsFresh(queries, driver, random);
    await change(50);
  }
  await untilReached(pipeline, client.version);
  await expectAsFresh(client.queries(), driver, random);
  await expectAsDatabase(client.queries(), driver, random);
  expect(threads).toHaveLength(4);
}, 180_000);

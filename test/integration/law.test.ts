import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KafkaServer, startKafka } from '../../src/local/kafka.ts';
import { type Neo4jServer, startNeo4j } from '../../src/local/neo4j.ts';
import { freePorts } from '../../src/local/ports.ts';
import { loadKnowledge } from '../../src/main/knowledge.ts';
import { buryMembers } from '../support/bury-members.ts';
import type { ConsumerProcess } from '../support/consumer-process.ts';
import {
  type Addressed,
  correctionOf,
  type Delivery,
  eventIdsOf,
  messagesOf,
  withdrawalOf,
} from '../support/deliveries.ts';
import { lawCorpus } from '../support/law-corpus.ts';
import { type Account, createPipeline, type Pipeline } from '../support/pipeline.ts';
import { seeded, shuffled } from '../support/seeded.ts';
import { testServers } from '../support/test-servers.ts';
import { watchFolder } from '../support/watchdog.ts';
import '../support/short-lived-java.ts';

/**
 * The law, end to end: real Kafka, real Neo4j, real consumer processes. Whatever happens on the way, one set of events
 * gives one graph, `graph check` finds nothing in it, and each message is accounted for in each stage and partition.
 */
const seed = Number(process.env.LAW_SEED ?? Date.now() % 1_000_000);
const random = seeded(seed);
/** What comes on typed topics, not by documents: withdrawals of sources, and what analysts decide by the API. */
const TYPED = [
  withdrawalOf('webdep', '2023-04-18T00:00:00Z'),
  withdrawalOf('partner', '2026-01-03T00:00:00Z'),
  ...corrections(),
];

const folder = mkdtempSync(join(tmpdir(), 'avd-law-'));
const { knowledge } = await loadKnowledge();
const servers = testServers();
const pipeline = createPipeline(servers, knowledge.sources);
let corpus: readonly Delivery[];
let messages: readonly Addressed[];
/** One for each message that fan-out makes of them. */
let eventIds: readonly string[];
let reference: { readonly hash: string; readonly account: Account };

beforeAll(async () => {
  process.stderr.write(`LAW_SEED=${seed}\n`);
  corpus = lawCorpus(folder);
  messages = [...(await Promise.all(corpus.map(messagesOf))).flat(), ...TYPED];
  eventIds = eventIdsOf(messages, knowledge);
  await run({ partitions: 3, send: ingestCorpus });
  reference = { hash: await pipeline.hash(), account: await pipeline.account() };
}, 180_000);
afterAll(async () => {
  await pipeline.close();
  rmSync(folder, { recursive: true });
});

/** Of what the corpus says: confirmed, dismissed, dismissed again after that was taken back, merged. */
function corrections(): Addressed[] {
  const domain = (name: string) => ({ kind: 'domain', name }) as const;
  const use = (n: number) =>
    ({ subject: domain(`site-${n}.example`), service: 'DNS', object: domain(`vendor-${n % 7}.example`) }) as const;
  const merged = { kind: 'organization', key: 'analyst:site-20.example' } as const;
  const owned = { kind: 'OWNED', subject: domain('site-20.example'), service: undefined, object: merged } as const;
  return [
    ...[1, 2, 3].map((n) => correctionOf({ kind: 'CONFIRMED', ...use(n) }, '2026-05-01T10:00:00Z')),
    ...[2, 3, 4, 5].map((n) => correctionOf({ kind: 'DISMISSED', ...use(n) }, '2026-05-02T10:00:00Z')),
    ...[3, 4].map((n) => correctionOf({ kind: 'DISMISSED', ...use(n) }, '2026-05-03T10:00:00Z', true)),
    correctionOf({ kind: 'DISMISSED', ...use(4) }, '2026-05-04T10:00:00Z'),
    correctionOf({ kind: 'CONFIRMED', ...use(2) }, '2026-05-02T09:59:59Z', true),
    correctionOf(owned, '2026-05-01T10:00:00Z'),
    correctionOf(owned, '2026-05-05T10:00:00Z', true),
  ];
}

async function ingestCorpus(): Promise<void> {
  for (const delivery of corpus) await pipeline.ingest(delivery);
  await pipeline.produce(TYPED);
}

const stop = (consumers: readonly ConsumerProcess[]) => Promise.all(consumers.map((consumer) => consumer.stop()));

/** Starts anew, sends the messages while so many consumers run, and returns when everything is in the graph. */
async function run(options: { partitions: number; processes?: number; send: () => Promise<void> }): Promise<void> {
  await pipeline.begin(options);
  const consumers = pipeline.start(options.processes);
  await options.send();
  await pipeline.settle(consumers);
  await stop(consumers);
}

/**
 * What holds after each run. Where nothing was cut off, every message was sent and fanned out `copies` times exactly;
 * elsewhere a crash may have repeated some, and has lost none.
 */
async function expectTheLaw({ copies }: { copies?: number } = {}, at: Pipeline = pipeline): Promise<void> {
  const { faults, fanOut, graph, eventIds: found } = await at.account();
  const produced = { raw: messages.length - TYPED.length, typed: eventIds.length };
  expect(faults).toEqual([]);
  expect(found).toEqual(new Set(eventIds));
  if (copies !== undefined) {
    expect({ raw: fanOut.messages, typed: graph.messages }).toEqual({
      raw: copies * produced.raw,
      typed: copies * produced.typed,
    });
  }
  expect(fanOut.messages).toBeGreaterThanOrEqual(produced.raw);
  expect(graph.messages).toBeGreaterThanOrEqual(produced.typed);
  expect(await at.problems()).toEqual([]);
  expect(await at.hash()).toBe(reference.hash);
}

/** The messages in `count` parts of equal size, in a random order. */
function randomParts(count: number): Addressed[][] {
  const all = shuffled(messages, random);
  return Array.from({ length: count }, (_, i) => all.filter((_message, place) => place % count === i));
}

describe('one set of events gives one graph, and every message is accounted for', () => {
  test('when everything is ingested once', async () => {
    const { fanOut, graph } = reference.account;
    expect(fanOut.deadLettered).toBeGreaterThan(0);
    expect(graph.superseded).toBeGreaterThan(0);
    await expectTheLaw({ copies: 1 });
  });

  test('when everything is ingested twice', async () => {
    const send = async () => {
      await ingestCorpus();
      await ingestCorpus();
    };
    await run({ partitions: 3, send });
    await expectTheLaw({ copies: 2 });
  });

  test.each([
    [1, 1],
    [1, 3],
    [12, 1],
    [12, 3],
  ])('in any order, over partitions %i and consumer processes %i', async (partitions, processes) => {
    await run({ partitions, processes, send: () => pipeline.produce(shuffled(messages, random)) });
    await expectTheLaw({ copies: 1 });
  });

  test('when consumers are killed at twenty random moments', async () => {
    const [broker = ''] = servers.kafkaBrokers;
    await pipeline.begin({ partitions: 4 });
    const portions = randomParts(21);
    let atWork = 0;
    /** Sends some, and kills at a moment by which some of that may have been read, some be written and some wait. */
    const killOneOf = async (consumers: ConsumerProcess[], portion: Addressed[]) => {
      const before = await pipeline.progress();
      await pipeline.produce(portion);
      while ((await pipeline.progress()) === before) await sleep(20);
      await sleep(random() * 250);
      const [victim] = consumers.splice(Math.floor(random() * consumers.length), 1);
      await victim?.kill();
      if ((await pipeline.lag()) > 0) atWork++;
    };
    for (const portion of portions.slice(0, 16)) {
      const consumers = pipeline.start();
      await killOneOf(consumers, portion);
      await buryMembers(pipeline.kafka, broker);
    }
    // Several, of whom the others go on and take over.
    const consumers = pipeline.start(3);
    for (const portion of portions.slice(16, 20)) {
      await killOneOf(consumers, portion);
      consumers.push(...pipeline.start());
    }
    await pipeline.produce(portions[20] ?? []);
    await pipeline.settle(consumers);
    await stop(consumers);
    process.stderr.write(`${atWork} of 20 kills left work half done\n`);
    expect(atWork).toBeGreaterThan(5);
    await expectTheLaw();
  }, 400_000);

  test('when Neo4j and Kafka are killed and come back meanwhile', async () => {
    const own = mkdtempSync(join(tmpdir(), 'avd-law-servers-'));
    const end = watchFolder(own);
    try {
      await survivesItsServers(own);
    } finally {
      await end();
    }
  }, 400_000);
});

async function survivesItsServers(own: string): Promise<void> {
  const [port = 0, kafkaPort = 0, controllerPort = 0] = await freePorts(3);
  const neo4jOf = () => startNeo4j({ home: join(own, 'neo4j'), port, password: 'only-for-tests' });
  const kafkaOf = () => startKafka({ home: join(own, 'kafka'), port: kafkaPort, controllerPort });
  let [neo4j, kafka]: [Neo4jServer, KafkaServer] = await Promise.all([neo4jOf(), kafkaOf()]);
  const mortal = createPipeline({ neo4j, kafkaBrokers: kafka.brokers }, knowledge.sources);
  await mortal.begin({ partitions: 4 });
  const consumers = mortal.start(2);
  const [first = [], second = [], third = [], last = []] = randomParts(4);
  const untilAtWork = async (before: number) => {
    while ((await mortal.progress()) === before) await sleep(20);
    await sleep(random() * 250);
  };

  await mortal.produce(first);
  await untilAtWork(0);
  await neo4j.kill();
  await mortal.produce(second);
  neo4j = await neo4jOf();

  await untilAtWork(await mortal.progress());
  await kafka.kill();
  const sent = mortal.produce(third);
  await sleep(random() * 1_000);
  kafka = await kafkaOf();
  await sent;

  await Promise.all([neo4j.kill(), kafka.kill()]);
  const sentAtLast = mortal.produce(last);
  await Promise.all([neo4jOf(), kafkaOf()]);
  await sentAtLast;
  await mortal.settle(consumers);
  await stop(consumers);
  await expectTheLaw({}, mortal);
  await mortal.close();
}

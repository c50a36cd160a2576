import { setTimeout as sleep } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDetector } from '../../src/detection/detector.ts';
import { replay } from '../../src/main/replay.ts';
import { type AlertRaised, AlertRaisedSchema } from '../../src/stream/generated/avd/alerts/v1/alerts_pb.ts';
import { readToEnd } from '../../src/stream/read.ts';
import { CHANGE_TOPICS } from '../../src/stream/topics.ts';
import { buryMembers } from '../support/bury-members.ts';
import { type ConsumerProcess, startConsumerProcess } from '../support/consumer-process.ts';
import { createCustomers } from '../support/customers.ts';
import { freshDatabase } from '../support/database.ts';
import { declaredSources } from '../support/facts.ts';
import { breachSaid, ownsSaid, say, usesSaid } from '../support/said.ts';
import { seeded } from '../support/seeded.ts';
import { testServers } from '../support/test-servers.ts';

/** Of these the consumers are killed; the benchmark does twenty. */
const KILLS = 6;

const servers = testServers();
let customers: Awaited<ReturnType<typeof createCustomers>>;
let consumers: ConsumerProcess[] = [];

beforeAll(async () => {
  customers = await createCustomers();
  consumers = [startConsumerProcess(servers, 3)];
});
afterAll(async () => {
  await Promise.all(consumers.map((consumer) => consumer.kill()));
  await customers.close();
});

async function follow(tenant: string, domains: readonly string[], alertDepth = 3): Promise<string> {
  const made = 'mutation ($depth: Int!) { createPortfolio(name: "Watched", alertDepth: $depth) { id } }';
  const { id } = (await customers.data(tenant, made, { depth: alertDepth })).createPortfolio;
  const followed = 'mutation ($id: ID!, $domains: [String!]) { follow(portfolio: $id, domains: $domains) { id } }';
  await customers.data(tenant, followed, { id, domains });
  return id;
}

const ALERTS = `query ($id: ID!) { portfolio(id: $id) { alerts { nodes {
  id cursor exposed incident { title } paths { length organizations { key } } } } } }`;

const alertsOf = async (tenant: string, id: string) =>
  (await customers.data(tenant, ALERTS, { id })).portfolio.alerts.nodes;
const titlesOf = async (tenant: string, id: string) =>
  (await alertsOf(tenant, id)).map((alert: any) => alert.incident.title);
const becomes = { timeout: 60_000, interval: 100 };

async function published(): Promise<AlertRaised[]> {
  const found: AlertRaised[] = [];
  await readToEnd(customers.kafka, [CHANGE_TOPICS.alert], async ({ records }) => {
    for (const { value } of records) if (value !== null) found.push(fromBinary(AlertRaisedSchema, value));
  });
  return found;
}

describe('a portfolio is warned', () => {
  it('of a breach three hops away, with the path, and of none that is further away or made up', async () => {
    await say(customers.producer, [
      usesSaid('a.example', 'b.example'),
      usesSaid('b.example', 'c.example'),
      usesSaid('c.example', 'd.example'),
      usesSaid('d.example', 'e.example'),
    ]);
    const id = await follow('acme', ['a.example', 'unrelated.example']);
    const near = await follow('acme', ['a.example'], 2);
    await say(customers.producer, [
      breachSaid('far', 'e.example'),
      breachSaid('false', 'd.example', { fabricated: true }),
      breachSaid('true', 'd.example'),
    ]);
    await expect.poll(() => titlesOf('acme', id), becomes).toEqual(['Breach true']);
    expect(await alertsOf('acme', id)).toEqual([
      {
        id: expect.any(String),
        cursor: expect.any(String),
        exposed: 1,
        incident: { title: 'Breach true' },
        paths: [{ length: 3, organizations: ['a', 'b', 'c', 'd'].map((n) => ({ key: `domain:${n}.example` })) }],
      },
    ]);
    expect(await titlesOf('acme', near)).toEqual([]);
  });

  it('of an incident before it, once a dependency or an owner is learned', async () => {
    await say(customers.producer, [breachSaid('early', 'hit.example'), breachSaid('owned', 'asset.example')]);
    const id = await follow('bolt', ['late.example']);
    await say(customers.producer, [
      usesSaid('late.example', 'middle.example'),
      usesSaid('middle.example', 'hit.example'),
    ]);
    await expect.poll(() => titlesOf('bolt', id), becomes).toEqual(['Breach early']);
    await say(customers.producer, [
      ownsSaid('middle.example', 'partner:middle'),
      ownsSaid('asset.example', 'partner:middle'),
    ]);
    await expect.poll(() => titlesOf('bolt', id), becomes).toEqual(['Breach owned', 'Breach early']);
  });

  it('of nothing to which it was exposed when it came to follow it, and not by being renamed', async () => {
    const id = await follow('coda', ['late.example']);
    await customers.data('coda', 'mutation ($id: ID!) { renamePortfolio(id: $id, name: "New") { id } }', { id });
    await say(customers.producer, [breachSaid('after', 'late.example')]);
    await expect.poll(() => titlesOf('coda', id), becomes).toEqual(['Breach after']);
    expect((await alertsOf('coda', id))[0].paths).toEqual([
      { length: 0, organizations: [{ key: 'domain:late.example' }] },
    ]);
  });

  it('and nobody of another tenant sees the alert', async () => {
    const id = await follow('dune', ['late.example']);
    await say(customers.producer, [breachSaid('own', 'late.example')]);
    await expect.poll(() => titlesOf('dune', id), becomes).toEqual(['Breach own']);
    const [alert] = await alertsOf('dune', id);
    const node = 'query ($id: ID!) { node(id: $id) { ... on Alert { cursor } } }';
    expect((await customers.data('dune', node, { id: alert.id })).node).toEqual({ cursor: alert.cursor });
    expect((await customers.data('acme', node, { id: alert.id })).node).toBeNull();
  });
});

describe('one case has one alert', () => {
  it('also where the consumers are killed at any moment', { timeout: 300_000 }, async () => {
    const random = seeded(7);
    const id = await follow('echo', ['kill.example']);
    await say(customers.producer, [usesSaid('kill.example', 'vendor.example')]);
    for (let kill = 0; kill < KILLS; kill++) {
      await say(customers.producer, [breachSaid(`kill ${kill}`, 'vendor.example')]);
      await sleep(random() * 1_500);
      await Promise.all(consumers.splice(0).map((consumer) => consumer.kill()));
      await buryMembers(customers.kafka, servers.kafkaBrokers[0] ?? '');
      consumers = [startConsumerProcess(servers, 3)];
      // Some find it at work, some while it starts.
      await sleep(random() * 6_000);
    }
    const expected = Array.from({ length: KILLS }, (_, kill) => `Breach kill ${kill}`).sort();
    await expect.poll(async () => (await titlesOf('echo', id)).sort(), becomes).toEqual(expected);
    await expect
      .poll(async () => new Set((await published()).filter((a) => a.tenant === 'echo').map((a) => a.id)).size, becomes)
      .toBe(KILLS);
    const messages = (await published()).filter(({ tenant }) => tenant === 'echo');
    const numbers = new Map(messages.map((alert) => [alert.id, alert.sequence]));
    expect(messages.every((alert) => numbers.get(alert.id) === alert.sequence)).toBe(true);
    expect([...numbers.values()].sort()).toEqual(Array.from({ length: KILLS }, (_, i) => BigInt(i + 1)));
  });

  it('also in another database that is filled by a replay', { timeout: 180_000 }, async () => {
    const before = await published();
    await Promise.all(consumers.splice(0).map((consumer) => consumer.stop()));
    const { kafka, driver } = customers;
    const [{ portfolios }] = [
      await customers.data('bolt', '{ portfolios { nodes { id alerts { nodes { id cursor } } } } }'),
    ];
    await freshDatabase(driver);
    const knowledge = { sources: declaredSources, detector: createDetector([], []) };
    await replay({ kafka, driver, knowledge, logger: pino({ level: 'silent' }) });
    const kept = await customers.data('bolt', '{ portfolios { nodes { id alerts { nodes { id cursor } } } } }');
    expect(kept.portfolios).toEqual(portfolios);
    consumers = [startConsumerProcess(servers, 3)];
    const id = await follow('fox', ['new.example']);
    await say(customers.producer, [breachSaid('new', 'new.example')]);
    await expect.poll(() => titlesOf('fox', id), becomes).toEqual(['Breach new']);
    expect((await published()).filter(({ tenant }) => tenant !== 'fox')).toHaveLength(before.length);
  });
});

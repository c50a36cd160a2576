import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idOfDomain } from '../../src/api/ids.ts';
import { type ConsumerProcess, startConsumerProcess } from '../support/consumer-process.ts';
import { createCustomers } from '../support/customers.ts';
import { breachSaid, say, usesSaid } from '../support/said.ts';
import { seeded } from '../support/seeded.ts';
import { connect } from '../support/subscriber.ts';
import { testServers } from '../support/test-servers.ts';

const CUTS = 20;
const CHANGES = 200;

let customers: Awaited<ReturnType<typeof createCustomers>>;
let consumer: ConsumerProcess;

beforeAll(async () => {
  customers = await createCustomers();
  consumer = startConsumerProcess(testServers(), 3);
});
afterAll(async () => {
  await consumer.kill();
  await customers.close();
});

async function follow(tenant: string, domains: readonly string[]): Promise<string> {
  const made = 'mutation { createPortfolio(name: "Watched") { id } }';
  const { id } = (await customers.data(tenant, made)).createPortfolio;
  const followed = 'mutation ($id: ID!, $domains: [String!]) { follow(portfolio: $id, domains: $domains) { id } }';
  await customers.data(tenant, followed, { id, domains });
  return id;
}

const ALERTS = `subscription ($id: ID!, $after: String) { alerts(portfolio: $id, after: $after) {
  id cursor incident { title } } }`;
const CHANGED = `subscription ($id: ID!, $after: String) { changes(portfolio: $id, after: $after) {
  cursor kind service source { id } subject { ... on Domain { name } } object { ... on Domain { name } } claim { source { id } } } }`;
const waiting = { timeout: 60_000, interval: 50 };

describe('a subscriber that is cut off twenty times', () => {
  it('has seen every change of what it follows once, in order', { timeout: 180_000 }, async () => {
    const id = await follow('acme', ['a.example', 'b.example']);
    const first = await connect(customers.url, { authorization: 'acme' });
    first.subscribe(CHANGED, { id });
    // From now on: the first tells where to begin.
    await sleep(500);
    await say(customers.producer, [usesSaid('a.example', 'first.example'), usesSaid('other.example', 'x.example')]);
    await expect.poll(() => first.events.length, waiting).toBe(1);
    const begun = first.events[0].data.changes;
    expect(begun).toMatchObject({ subject: { name: 'a.example' }, object: { name: 'first.example' }, service: 'DNS' });
    first.cut();

    const produced = (async () => {
      for (let i = 0; i < CHANGES; i++) {
        const from = i % 2 === 0 ? 'a.example' : 'b.example';
        await say(customers.producer, [
          usesSaid(from, `vendor-${i}.example`),
          usesSaid('other.example', `v${i}.example`),
        ]);
      }
    })();
    const random = seeded(3);
    const seen: any[] = [];
    let after: string = begun.cursor;
    for (let cut = 0; cut <= CUTS; cut++) {
      const subscriber = await connect(customers.url, {
        authorization: 'acme',
        onEvent: ({ data }) => {
          seen.push(data.changes);
          after = data.changes.cursor;
        },
      });
      subscriber.subscribe(CHANGED, { id, after });
      if (cut < CUTS) await sleep(random() * 400);
      else await expect.poll(() => seen.length >= CHANGES, waiting).toBe(true);
      subscriber.cut();
      await subscriber.closed;
    }
    await produced;
    const objects = seen.map((change) => change.object.name);
    expect(objects.length).toBe(CHANGES);
    expect(new Set(objects).size).toBe(CHANGES);
    // Of one subject, in the order in which they were said.
    const of = (name: string) =>
      seen.filter((c) => c.subject.name === name).map((c) => Number(/\d+/.exec(c.object.name)));
    for (const name of ['a.example', 'b.example']) expect(of(name)).toEqual([...of(name)].sort((a, b) => a - b));
  });

  it('has seen every alert once, and the same alerts as the list', { timeout: 180_000 }, async () => {
    const id = await follow('bolt', ['hit.example']);
    const alerts = 30;
    const produced = (async () => {
      await sleep(2_000);
      for (let i = 0; i < alerts; i++) await say(customers.producer, [breachSaid(`cut ${i}`, 'hit.example')]);
    })();
    const begin = await connect(customers.url, { authorization: 'bolt' });
    begin.subscribe(ALERTS, { id });
    await expect.poll(() => begin.events.length, waiting).toBe(alerts);
    begin.cut();
    await produced;
    const seen = begin.events.map(({ data }) => data.alerts);
    const list = 'query ($id: ID!) { portfolio(id: $id) { alerts { nodes { id cursor incident { title } } } } }';
    const { portfolio } = await customers.data('bolt', list, { id });
    expect([...portfolio.alerts.nodes].reverse()).toEqual(seen);

    const again = await connect(customers.url, { authorization: 'bolt' });
    again.subscribe(ALERTS, { id, after: seen[9].cursor });
    await expect.poll(() => again.events.length, waiting).toBe(alerts - 10);
    expect(again.events.map(({ data }) => data.alerts)).toEqual(seen.slice(10));
    again.cut();
  });
});

describe('a subscription', () => {
  it('is told that a use was dismissed, and that this was taken back', async () => {
    const id = await follow('acme', ['d.example']);
    const subscriber = await connect(customers.url, { authorization: 'acme' });
    subscriber.subscribe(CHANGED, { id });
    await sleep(500);
    await say(customers.producer, [usesSaid('d.example', 'vendor.example')]);
    await expect.poll(() => subscriber.events.length, waiting).toBe(1);
    const dismiss = `mutation ($subject: ID!, $object: ID!) {
      dismissDependency(subject: $subject, service: DNS, object: $object, reason: "seen") { id } }`;
    const ends = { subject: idOfDomain('d.example'), object: idOfDomain('vendor.example') };
    const made = (await customers.data('acme analyst', dismiss, ends)).dismissDependency;
    await expect.poll(() => subscriber.events.length, waiting).toBe(2);
    const withdraw = 'mutation ($ids: [ID!]!) { withdrawDecisions(ids: $ids, reason: "wrong") { id } }';
    await customers.data('acme analyst', withdraw, { ids: [made.id] });
    await expect.poll(() => subscriber.events.length, waiting).toBe(3);
    const told = subscriber.events.map(({ data }) => data.changes);
    expect(told.map(({ kind, source, claim }) => [kind, source.id, claim])).toEqual([
      ['CLAIMED', 'partner', { source: { id: 'partner' } }],
      ['DISMISSED', 'analyst', null],
      ['RESTORED', 'analyst', null],
    ]);
    for (const { subject, object } of told)
      expect([subject.name, object.name]).toEqual(['d.example', 'vendor.example']);
    subscriber.cut();
  });

  it('is told of nothing that is another tenant’s', async () => {
    const id = await follow('coda', ['c.example']);
    const other = await connect(customers.url, { authorization: 'dune' });
    other.subscribe(ALERTS, { id });
    other.subscribe(CHANGED, { id });
    await expect.poll(() => other.events.length, waiting).toBe(2);
    expect(other.events.map(({ errors }) => errors[0].extensions.code)).toEqual(['NOT_FOUND', 'NOT_FOUND']);
    other.cut();
  });

  it('after a cursor of another listing is refused', async () => {
    const id = await follow('echo', ['c.example']);
    const subscriber = await connect(customers.url, { authorization: 'echo' });
    subscriber.subscribe(CHANGED, { id, after: 'nonsense' });
    await expect.poll(() => subscriber.events.length, waiting).toBe(1);
    expect(subscriber.events[0].errors[0].extensions.code).toBe('BAD_CURSOR');
    subscriber.cut();
  });
});

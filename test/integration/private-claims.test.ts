import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { idOfOrganization } from '../../src/api/ids.ts';
import type { KeptIndex } from '../../src/exposure/keeper.ts';
import { createOffsetStore } from '../../src/graph/offsets.ts';
import { createOutbox } from '../../src/graph/outbox.ts';
import { createAlerts } from '../../src/main/alerts.ts';
import { createFeedQueries } from '../../src/queries/feed.ts';
import { createChangeRelay } from '../../src/stream/change-relay.ts';
import type { StreamConsumer } from '../../src/stream/consumer.ts';
import { createCustomers } from '../support/customers.ts';
import { tenantSources } from '../support/facts.ts';
import { type Keeping, startKeeping } from '../support/keeping.ts';
import { until } from '../support/kept-index.ts';
import { breachSaid, say, usesSaid, usesSaidPrivately } from '../support/said.ts';

/** What comes of a tenant's claims: alerts, news and versions, told to that tenant and to nobody else. */

let customers: Awaited<ReturnType<typeof createCustomers>>;
let alerts: StreamConsumer;
let keeping: Keeping;
const over = new AbortController();
const running: Promise<unknown>[] = [];
const logger = pino({ level: 'silent' });
const becomes = { timeout: 60_000, interval: 100 };

beforeAll(async () => {
  customers = await createCustomers({ sources: tenantSources });
  const { driver, kafka, producer } = customers;
  const relay = createChangeRelay(createOutbox(driver), producer, logger);
  alerts = await createAlerts(
    { driver, kafka, sources: tenantSources, offsets: createOffsetStore(driver), logger },
    over.signal,
  );
  running.push(alerts.run(), relay.run(over.signal));
  customers.start();
  keeping = startKeeping({ driver, kafka, sources: tenantSources });
  await until(() => keeping.current() !== undefined, 'the index is made');
});
afterAll(async () => {
  alerts.stop();
  over.abort();
  await Promise.all([...running, keeping.stop()]);
  await customers.close();
});

async function follow(tenant: string, domains: readonly string[]): Promise<string> {
  const made = 'mutation { createPortfolio(name: "Watched", alertDepth: 3) { id } }';
  const { id } = (await customers.data(tenant, made)).createPortfolio;
  const followed = 'mutation ($id: ID!, $domains: [String!]) { follow(portfolio: $id, domains: $domains) { id } }';
  await customers.data(tenant, followed, { id, domains });
  return id;
}

const ALERTS = `query ($id: ID!) { portfolio(id: $id) { alerts { nodes {
  incident { title } paths { organizations { key } } } } } }`;
const alertsOf = async (tenant: string, id: string): Promise<string[]> =>
  (await customers.data(tenant, ALERTS, { id })).portfolio.alerts.nodes.map(
    ({ incident, paths }: any) =>
      `${incident.title}: ${paths.map(({ organizations }: any) => organizations.map(({ key }: any) => key).join(' ')).join()}`,
  );

const kept = (): KeptIndex => keeping.current() as KeptIndex;
const newsOf = async (tenant: string, id: string): Promise<unknown[]> => {
  const [, raw = ''] = JSON.parse(Buffer.from(id, 'base64url').toString()) as string[];
  const news = await createFeedQueries({ driver: customers.driver }).newsAfter({ tenant, id: raw }, 0, 100);
  return news.map(
    ({ claim: { source, object } }) => `${source} ${object.kind === 'domain' ? object.name : object.key}`,
  );
};

it('are told to their own tenant: the alert, the news, the version and the answers', async () => {
  const acme = await follow('acme', ['shop.example']);
  const bolt = await follow('bolt', ['shop.example']);
  await say(customers.producer, [usesSaid('shop.example', 'public.example'), breachSaid('early', 'hit.example')]);
  await expect.poll(() => newsOf('acme', acme), becomes).toEqual(['partner public.example']);
  await expect.poll(() => kept().index.queries().vendorTotal({}, Date.now()), becomes).toBe(1);
  const before = kept();
  const { acme: acmes = '', bolt: bolts = '' } = before.versions;

  await say(customers.producer, [
    usesSaidPrivately('bolt', 'shop.example', 'secret.example'),
    usesSaidPrivately('bolt', 'secret.example', 'hit.example'),
  ]);
  await expect
    .poll(() => alertsOf('bolt', bolt), becomes)
    .toEqual(['Breach early: domain:shop.example domain:secret.example domain:hit.example']);
  await expect
    .poll(() => newsOf('bolt', bolt), becomes)
    .toEqual(['partner public.example', 'bolt-feed secret.example']);
  await expect.poll(() => kept().versions.bolt !== bolts, becomes).toBe(true);
  await expect
    .poll(() => kept().index.queries(undefined, undefined, 'bolt').vendorTotal({}, Date.now()), becomes)
    .toBe(3);

  expect(await alertsOf('acme', acme)).toEqual([]);
  expect(await newsOf('acme', acme)).toEqual(['partner public.example']);
  expect(kept().version).toBe(before.version);
  expect(kept().versions.acme).toBe(acmes);
  for (const tenant of [undefined, 'acme'])
    expect(await kept().index.queries(undefined, undefined, tenant).vendorTotal({}, Date.now())).toBe(1);

  const asked = `query ($id: ID!) { domain(name: "secret.example") { name } node(id: $id) { id } totals { domains claims } }`;
  const id = idOfOrganization('domain:secret.example');
  expect(await customers.data('acme', asked, { id })).toEqual({
    domain: null,
    node: null,
    totals: { domains: 3, claims: 1 },
  });
  expect(await customers.data('bolt', asked, { id })).toEqual({
    domain: { name: 'secret.example' },
    node: { id },
    totals: { domains: 4, claims: 3 },
  });

  // It is everybody's once something public speaks of it.
  await say(customers.producer, [usesSaid('other.example', 'secret.example')]);
  await expect.poll(async () => (await customers.data('acme', asked, { id })).domain, becomes).not.toBeNull();
}, 180_000);

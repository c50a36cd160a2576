import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Elsewhere } from '../../src/api/elsewhere.ts';
import { PLAIN_COST } from '../../src/api/turns.ts';
import type { Viewer } from '../../src/api/viewer.ts';
import { createExposureIndexClient, type ExposureIndexClient, startIndexThread } from '../../src/exposure/client.ts';
import { createIndexedQueries } from '../../src/exposure/queries.ts';
import { tenantsOf } from '../../src/governance/sources.ts';
import { createDearThread, type DearThread, startDearThread } from '../../src/main/dear-thread.ts';
import { inProgram } from '../../src/program.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import { createKafka } from '../../src/stream/kafka.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { day, sight, statePrivately, tenantSources, tenantSourcesText, writeFacts } from '../support/facts.ts';
import { freshTopics } from '../support/fresh-topics.ts';
import { until } from '../support/kept-index.ts';
import { testServers } from '../support/test-servers.ts';
import { startApi, type TestApi } from './api-client.ts';

/** Dear queries on their thread give what this thread would, to the byte, whatever becomes of the thread. */
const SITES = 600;
const AT = day(40);
const servers = testServers();
const driver = testDriver();
const kafka = createKafka(servers.kafkaBrokers);
const folder = mkdtempSync(join(tmpdir(), 'avd-dear-'));
const logger = pino({ level: 'silent' });
const sources = join(folder, 'sources.yaml');
const settings = { neo4j: servers.neo4j, sources, logLevel: 'silent' };

const threads: Worker[] = [];
const indexThreads: Worker[] = [];
let executed = 0;
let index: ExposureIndexClient;
let dear: DearThread;
/** The same graph, with its dear queries on this thread and elsewhere. */
let [here, there]: TestApi[] = [];

const viewerOf = async (tenant = 'public'): Promise<Viewer> => ({ name: 'A', tenant, roles: new Set(['customer']) });

beforeAll(async () => {
  writeFileSync(sources, tenantSourcesText);
  await Promise.all([freshDatabase(driver), freshTopics(kafka, 1, tenantsOf(tenantSources))]);
  const sites = Array.from({ length: SITES }, (_, n) => `site-${n}.example`);
  await writeFacts(driver, [
    ...sites.map((site, n) => sight('zdns', site, 'DNS', 'hub.example', AT - n, { critical: n % 3 === 0 })),
    ...sites.map((site, n) => sight('page-crawler', site, 'CDN', `vendor-${n % 7}.example`, AT)),
    ...['acme', 'bolt'].map((tenant) => statePrivately(tenant, 'hub.example', 'HOSTING', `${tenant}.example`, AT)),
  ]);
  index = createExposureIndexClient({ ...settings, kafkaBrokers: servers.kafkaBrokers }, logger, (workerData) => {
    indexThreads.push(startIndexThread(workerData));
    return indexThreads.at(-1) as Worker;
  });
  dear = createDearThread(
    { ...settings, schemaFolder: inProgram('graphql/schema'), introspection: true },
    index,
    logger,
    (workerData) => {
      threads.push(startDearThread(workerData));
      return threads.at(-1) as Worker;
    },
  );
  const counting: Elsewhere = {
    execute(query, signal) {
      executed++;
      return dear.execute(query, signal);
    },
  };
  const queries = createIndexedQueries(createNeo4jQueries({ driver, sources: tenantSources }), index);
  const deps = { queries, sources: tenantSources, access: viewerOf, clock: () => AT };
  [here, there] = [await startApi(driver, deps), await startApi(driver, { ...deps, elsewhere: counting })];
  await index.ready;
}, 120_000);
afterAll(async () => {
  await Promise.all([here?.close(), there?.close()]);
  await dear.stop();
  await index.stop();
  await driver.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  executed = 0;
});

const HUB = 'organization(key: "domain:hub.example")';
const CLAIMS = 'claims(first: 3) { nodes { id service source { id } evidence(first: 5) { nodes { document host } } } }';
const DEAR = `{ ${HUB} { dependents(first: 500) { totalCount edges { id critical ${CLAIMS} node { key name } } } } }`;
const NAMED = `query Others { __typename } query Dear($n: Int!, $k: String!) {
  organization(key: $k) { dependencies(first: 10) { edges { node { key } services { service } } }
    dependents(first: $n) { edges { ${CLAIMS} } } } portfolios { nodes { name } } }`;
const FAILING = `{ ${HUB} { dependents(first: 500) { edges { ${CLAIMS} } } } bad: ${HUB} { dependents(after: "x") { totalCount } } }`;

interface Request {
  readonly query: string;
  readonly variables?: object;
  readonly operationName?: string | null;
}

async function ask(
  { url }: TestApi,
  request: Request,
  { tenant, accept, signal }: { tenant?: string; accept?: string; signal?: AbortSignal } = {},
) {
  const headers = {
    'content-type': 'application/json',
    ...(tenant && { authorization: tenant }),
    ...(accept && { accept }),
  };
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers,
    body: JSON.stringify(request),
    ...(signal && { signal }),
  });
  const named = ['content-type', 'etag', 'cache-control'].map((name) => response.headers.get(name));
  return { status: response.status, named, text: await response.text() };
}

const costOf = ({ text }: { readonly text: string }): number =>
  (JSON.parse(text) as { extensions: { cost: { items: number } } }).extensions.cost.items;

it.each<[string, Request]>([
  ['of everything', { query: DEAR }],
  [
    'that a document of several operations names',
    { query: NAMED, operationName: 'Dear', variables: { n: 500, k: 'domain:hub.example' } },
  ],
  ['without a name, said so', { query: DEAR, operationName: null }],
  ['of which a part fails', { query: FAILING }],
])('a dear query %s is answered as on this thread, to each tenant', async (_, request) => {
  const texts = new Set<string>();
  for (const [tenant, accept] of [
    ['acme', 'application/json'],
    ['bolt', 'application/json'],
    ['public', 'application/graphql-response+json'],
  ] as const) {
    const expected = await ask(here as TestApi, request, { tenant, accept });
    expect(costOf(expected)).toBeGreaterThan(PLAIN_COST);
    expect(await ask(there as TestApi, request, { tenant, accept })).toEqual(expected);
    texts.add(expected.text);
  }
  expect(executed).toBe(3);
  // What only one tenant knows is in its answer alone.
  if (request.query === NAMED) expect(texts.size).toBe(3);
});

it('what is not dear, or wrong, is answered by the thread that was asked', async () => {
  const requests = [{ query: `{ ${HUB} { name } }` }, { query: `{ ${HUB} { nothing } }` }, { query: '{' }];
  for (const request of requests) {
    expect(await ask(there as TestApi, request)).toEqual(await ask(here as TestApi, request));
  }
  expect(executed).toBe(0);
});

it('a client that accepts no type of answer is refused as on this thread, and nothing is executed', async () => {
  const unacceptable = { accept: 'text/plain' };
  const refused = await ask(here as TestApi, { query: DEAR }, unacceptable);
  expect(refused.status).toBe(406);
  expect(await ask(there as TestApi, { query: DEAR }, unacceptable)).toEqual(refused);
  expect(executed).toBe(0);
});

it('whoever goes is not waited for, and nobody gets the answer of another', async () => {
  const expected = await ask(here as TestApi, { query: DEAR });
  const failing = await ask(here as TestApi, { query: FAILING });
  let gone = 0;
  for (const after of [0, 1, 5, 20, 60]) {
    const leaving = new AbortController();
    setTimeout(() => leaving.abort(), after);
    const left = ask(there as TestApi, { query: FAILING }, { signal: leaving.signal });
    // Who leaves late may have the answer.
    const got = await left.catch(() => undefined);
    if (got !== undefined) expect(got).toEqual(failing);
    else gone++;
    expect(await ask(there as TestApi, { query: DEAR })).toEqual(expected);
  }
  expect(gone).toBeGreaterThan(0);
});

it('a thread that ends fails what it was asked, and the next one goes on', async () => {
  const expected = await ask(here as TestApi, { query: DEAR });
  const before = threads.length;
  const asked = ask(there as TestApi, { query: DEAR });
  await until(() => executed > 0, 'the query is executed');
  await threads.at(-1)?.terminate();
  const failed = await asked;
  expect([failed.status, failed.text]).toEqual([500, expect.stringContaining('"code":"INTERNAL"')]);
  expect(await ask(there as TestApi, { query: DEAR })).toEqual(expected);
  expect(threads).toHaveLength(before + 1);
});

it('an index that ends is done without, and the next one is asked again', async () => {
  const expected = await ask(here as TestApi, { query: DEAR });
  const before = indexThreads.length;
  await indexThreads.at(-1)?.terminate();
  expect(await ask(there as TestApi, { query: DEAR })).toEqual(expected);
  await until(() => indexThreads.length > before, 'another index begins');
  await until(() => index.version() !== undefined, 'the index can be asked');
  const byDatabase = (there as TestApi).statements.length;
  expect(await ask(there as TestApi, { query: DEAR })).toEqual(expected);
  expect((there as TestApi).statements).toHaveLength(byDatabase);
});

it('a thread that begins while there is no index does without, and asks the next one', async () => {
  const expected = await ask(here as TestApi, { query: DEAR });
  const before = indexThreads.length;
  await Promise.all([indexThreads.at(-1)?.terminate(), threads.at(-1)?.terminate()]);
  expect(await ask(there as TestApi, { query: DEAR })).toEqual(expected);
  await until(() => indexThreads.length > before && index.version() !== undefined, 'another index can be asked');
  expect(await ask(there as TestApi, { query: DEAR })).toEqual(expected);
});

import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/api/limits.ts';
import { type Driver, openDriver } from '../../src/graph/driver.ts';
import { freePorts } from '../../src/local/ports.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { startApi, type TestApi } from './api-client.ts';

let driver: Driver;
let api: TestApi;

beforeAll(async () => {
  driver = testDriver();
  await freshDatabase(driver);
  api = await startApi(driver);
});
afterAll(async () => {
  await api.close();
  await driver.close();
});

const JSON_TYPE = { 'content-type': 'application/json' };
const post = (body: string | Buffer, headers: Record<string, string> = JSON_TYPE) =>
  fetch(`${api.url}/graphql`, { method: 'POST', headers, body });
const codeOf = async (response: Response) => {
  const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
  return errors[0]?.extensions.code;
};
const codes = async (query: string, variables?: Record<string, unknown>) =>
  (await api.ask(query, variables)).errors.map((e) => e.extensions.code);

describe('the HTTP server', () => {
  it('says that it lives and that the graph is there', async () => {
    const live = await fetch(`${api.url}/health/live`);
    expect([live.status, await live.json()]).toEqual([200, { status: 'live' }]);
    const ready = await fetch(`${api.url}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
  });

  it('shows a start page with counts, and GraphiQL with all its files from here', async () => {
    const home = await fetch(api.url);
    expect(home.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await home.text()).toContain('The graph is ready.');
    const page = await (await fetch(`${api.url}/graphiql`)).text();
    expect(page).not.toMatch(/https?:\/\//);
    for (const [, path] of page.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      expect((await fetch(api.url + path)).status).toBe(200);
    }
    for (const worker of ['graphql', 'json', 'editor']) {
      const file = await fetch(`${api.url}/graphiql/${worker}-worker.js`);
      expect(file.headers.get('content-type')).toContain('javascript');
    }
  });

  it('counts requests, their time and errors by code', async () => {
    await api.ask('{ node(id: "?") { id } }');
    const text = await (await fetch(`${api.url}/metrics`)).text();
    expect(text).toMatch(/^avd_graphql_errors_total\{code="BAD_ID"\} [1-9]/m);
    expect(text).toMatch(/^avd_http_requests_total\{route="\/graphql",status="200"\} [1-9]/m);
    expect(text).toMatch(/^avd_http_request_duration_seconds_count\{route="\/graphql"\} [1-9]/m);
  });

  it('knows nothing else, and counts what it does not know under one name', async () => {
    expect((await fetch(`${api.url}/constructor`)).status).toBe(404);
    expect((await fetch(`${api.url}/graphiql/../../package.json`)).status).toBe(404);
    expect((await fetch(`${api.url}/graphiql/nothing.js`)).status).toBe(404);
    expect((await fetch(`${api.url}/health/live`, { method: 'POST' })).status).toBe(405);
    expect(await (await fetch(`${api.url}/metrics`)).text()).not.toContain('constructor');
  });

  it('says by one error that its port is taken', async () => {
    const stranger = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => stranger.once('listening', listening));
    const { port } = stranger.address() as { port: number };
    await expect(startApi(driver, { port })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    stranger.close();
  });

  it('finishes what is under way when it closes', async () => {
    const other = await startApi(driver);
    const asked = other.data('{ totals { claims } }');
    await new Promise((sent) => setTimeout(sent, 20));
    await Promise.all([asked, other.close()]);
    await expect(fetch(other.url)).rejects.toThrow();
  });
});

describe('a request that is no GraphQL request', () => {
  it('is refused by a code and never by a stack trace', async () => {
    const answers: [Response, number, string][] = [
      [await post('{'), 400, 'BAD_REQUEST'],
      [await post(Buffer.from([0x22, 0xff, 0x22])), 400, 'BAD_REQUEST'],
      [await post('[]'), 400, 'BAD_REQUEST'],
      [await post('{}'), 400, 'BAD_REQUEST'],
      [await post('{"query":1}'), 400, 'BAD_REQUEST'],
      [await post('[{"query":"{ __typename }"}]'), 400, 'BAD_REQUEST'],
      [await post('{"query":"{ __typename }"}', { 'content-type': 'text/plain' }), 400, 'BAD_REQUEST'],
      [
        await post('{"query":"{ __typename }"}', { 'content-type': 'application/json; charset=latin1' }),
        415,
        'BAD_REQUEST',
      ],
      [await post('{}', { ...JSON_TYPE, 'content-encoding': 'gzip' }), 415, 'BAD_REQUEST'],
      [await post('{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"a"}}}'), 200, 'BAD_REQUEST'],
      [await fetch(`${api.url}/graphql?query={__typename}`), 400, 'BAD_REQUEST'],
      [await post(' '.repeat(1_000_001)), 413, 'BODY_TOO_LARGE'],
    ];
    for (const [response, status, code] of answers) {
      const text = await response.clone().text();
      expect([response.status, await codeOf(response)], text).toEqual([status, code]);
      expect(text).not.toMatch(/node_modules|\.[jt]s:\d/);
    }
  });
});

describe('a hostile document', () => {
  const nested = (n: number) =>
    `{ domain(name: "a.com") { ${'owner { domains { nodes { '.repeat(n)}name${' } } }'.repeat(n)} } }`;
  const hostile: Record<string, [string, string]> = {
    'too long': [`{ ${'__typename '.repeat(LIMITS.tokens)} }`, 'DOCUMENT_TOO_LARGE'],
    'too deep': [nested(5), 'DOCUMENT_TOO_DEEP'],
    'too wide at the root': [`{ ${'__typename '.repeat(LIMITS.rootFields + 1)} }`, 'DOCUMENT_TOO_WIDE'],
    'with too many aliases': [
      `{ sources { ${Array.from({ length: 31 }, (_, i) => `a${i}: id`).join(' ')} } }`,
      'TOO_MANY_ALIASES',
    ],
    'with too many directives': [`{ sources { ${'id @include(if: true) '.repeat(51)} } }`, 'TOO_MANY_DIRECTIVES'],
    'whose pages multiply': [
      '{ organization(domain: "a.com") { dependencies(first: 500) { nodes { domains(first: 500) { nodes { name } } } } } }',
      'TOO_EXPENSIVE',
    ],
    'that asks many deep questions': [
      '{ vendors(first: 500) { nodes { organization { blastRadius { total } } } } }',
      'TOO_EXPENSIVE',
    ],
    'whose mutation gives back much': [
      'mutation { createPortfolio(name: "A") { organizations(first: 500) { nodes { dependents(first: 20) { totalCount edges { critical } } } } } }',
      'TOO_EXPENSIVE',
    ],
    'of doubling fragments': [
      `{ ...F0 } ${Array.from({ length: 40 }, (_, i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`).join(' ')} fragment F40 on Query { totals { claims } }`,
      'DOCUMENT_TOO_WIDE',
    ],
    'of circular fragments': [
      '{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    'of circular introspection': [
      '{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    'that is none': ['query {', 'GRAPHQL_PARSE_FAILED'],
    'with an unknown operation name': ['query A { __typename } query B { __typename }', 'OPERATION_RESOLUTION_FAILURE'],
  };

  it.each(Object.keys(hostile))('%s is refused by its code, at once, before the database is asked', async (name) => {
    const [query, code] = hostile[name]!;
    api.statements.length = 0;
    const begun = performance.now();
    expect(new Set(await codes(query))).toEqual(new Set([code]));
    expect(performance.now() - begun).toBeLessThan(3000);
    expect(api.statements).toEqual([]);
  });
});

describe('an argument out of its range', () => {
  const wrong: Record<string, [string, string]> = {
    'a page of none': ['{ incidents(first: 0) { nodes { id } } }', 'BAD_ARGUMENT'],
    'a page too large': ['{ incidents(first: 501) { nodes { id } } }', 'PAGE_TOO_LARGE'],
    'a depth of one': [
      '{ organization(domain: "known.example") { nthParties(depth: 1) { nodes { distance } } } }',
      'BAD_ARGUMENT',
    ],
    'too many hops': [
      '{ organization(domain: "known.example") { blastRadius(maxHops: 7) { total } } }',
      'BAD_ARGUMENT',
    ],
    'a confidence above one': [
      '{ organization(domain: "known.example") { dependencies(minConfidence: 1.5) { totalCount } } }',
      'BAD_ARGUMENT',
    ],
    'an instant far ahead': ['{ concentrationRisk(asOf: "2100-01-01T00:00:00Z") { dependentTotal } }', 'BAD_ARGUMENT'],
    'a day that is in no calendar': [
      '{ concentrationRisk(asOf: "2025-02-30T00:00:00Z") { dependentTotal } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    'a time without an offset': [
      '{ concentrationRisk(asOf: "2025-02-20T00:00:00") { dependentTotal } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    'no domain name': ['{ domain(name: "http://x y") { id } }', 'BAD_ARGUMENT'],
    'an address': ['{ organization(domain: "10.0.0.1") { id } }', 'BAD_ARGUMENT'],
    'neither key nor domain': ['{ organization { id } }', 'BAD_ARGUMENT'],
    'a blank search': ['{ search(text: "  ") { nodes { __typename } } }', 'BAD_ARGUMENT'],
    'too many ids': [`{ nodes(ids: [${'"a",'.repeat(101)}]) { id } }`, 'BAD_ARGUMENT'],
    'an unknown service': ['{ vendors(filter: { service: MAGIC }) { totalCount } }', 'GRAPHQL_VALIDATION_FAILED'],
  };

  beforeAll(async () => {
    const session = driver.session();
    await session.run('MERGE (:Domain {name: "known.example"})');
    await session.close();
  });

  it.each(Object.keys(wrong))('%s is refused by its code', async (name) => {
    const [query, code] = wrong[name]!;
    expect(await codes(query)).toEqual([code]);
  });

  it('in a variable of another type is refused by its code', async () => {
    expect(await codes('query ($n: Int!) { incidents(first: $n) { nodes { id } } }', { n: 'many' })).toEqual([
      'BAD_USER_INPUT',
    ]);
  });
});

describe('a closed schema', () => {
  it('is told neither by introspection nor by suggestions nor by GraphiQL', async () => {
    const closed = await startApi(driver, { introspection: false });
    expect((await closed.ask('{ __schema { types { name } } }')).errors[0]?.extensions.code).toBe(
      'GRAPHQL_VALIDATION_FAILED',
    );
    const { errors } = await closed.ask('{ organisation(key: "a") { id } }');
    expect(errors[0]?.message).not.toContain('Did you mean');
    expect((await fetch(`${closed.url}/graphiql`)).status).toBe(404);
    await closed.close();
  });
});

describe('a graph that does not answer', () => {
  it('is told from one that has nothing', async () => {
    const [port] = await freePorts(1);
    const away = openDriver({ uri: `bolt://127.0.0.1:${port}`, username: 'neo4j', password: 'x' });
    const other = await startApi(away);
    expect((await fetch(`${other.url}/health/live`)).status).toBe(200);
    expect((await fetch(`${other.url}/health/ready`)).status).toBe(503);
    expect(await (await fetch(other.url)).text()).toContain('does not answer');
    const { status, errors } = await other.ask('{ domain(name: "example.com") { id } }');
    expect([status, errors[0]?.extensions.code]).toEqual([200, 'DATABASE_UNAVAILABLE']);
    expect(errors[0]?.message).not.toContain(String(port));
    await other.close();
    await away.close();
  });

  it('within the time limit is an error of its own', async () => {
    const hasty = await startApi(driver, { timeLimit: 0 });
    expect((await hasty.ask('{ domain(name: "example.com") { id } }')).errors[0]?.extensions.code).toBe(
      'QUERY_TIMEOUT',
    );
    await hasty.close();
  });
});

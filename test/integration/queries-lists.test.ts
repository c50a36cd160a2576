import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReportIncident } from '../../src/graph/actions.ts';
import type { Driver } from '../../src/graph/driver.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import type { ExposureQueries, PageRequest } from '../../src/queries/types.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { day, declaredSources, end, name, own, same, sight, stateUse, writeFacts } from '../support/facts.ts';

let driver: Driver;
let queries: ExposureQueries;
const asked: string[] = [];
const page: PageRequest = { first: 50, at: day(9) };

const incident = (id: string, title: string, reported: number, affects: readonly string[]): ReportIncident => ({
  type: 'report-incident',
  source: 'hibp',
  id,
  time: reported,
  event: `incident-${id}`,
  kind: 'BREACH',
  title,
  description: 'Invented.',
  occurred: '2024-12',
  occurredPrecision: 'MONTH',
  reportedAt: reported,
  affectedCount: 12,
  dataClasses: ['Passwords'],
  verified: id !== 'two',
  fabricated: false,
  affects: affects.map(end),
  evidence: { document: 'e'.repeat(64), record: 'line 2', host: '', observedAt: reported },
});

beforeAll(async () => {
  driver = testDriver();
  queries = createNeo4jQueries({
    driver,
    sources: declaredSources,
    timeout: 100_000,
    onStatement: (statement) => asked.push(statement),
  });
  await freshDatabase(driver);
  await writeFacts(driver, [
    { type: 'observe-domain', source: 'zdns', stream: 'dns', domain: 'quiet.example', observedAt: day(4) },
    { type: 'observe-domain', source: 'zdns', stream: 'dns', domain: 'quiet.example', observedAt: day(3) },
    sight('zdns', 'shop.example', 'DNS', 'acme-dns.example', day(5)),
    own('partner', 'shop.example', 'partner:acme', day(1)),
    own('partner', 'acme.example', 'partner:acme', day(1)),
    name('partner:acme', 'Acme, Inc.', day(1)),
    name('imc2020:acmeinc', 'ACME INC', day(1)),
    name('imc2020:acme', 'acme', day(1)),
    name('partner:bcorp', 'Big Acme', day(1)),
    stateUse('partner', 'partner:acme', 'MAIL', 'imc2020:acmeinc', day(1)),
    stateUse('partner', 'partner:bcorp', 'MAIL', 'imc2020:acme', day(1)),
    same('analyst', 'imc2020:acme', 'partner:bcorp', day(1)),
    incident('one', 'Acme shop leaked', day(3), ['shop.example']),
    incident('two', 'Big leak', day(4), ['partner:bcorp', 'other.example']),
    { type: 'withdraw-source', source: 'webdep', before: day(2), reason: 'a bad delivery' },
  ]);
});
afterAll(() => driver.close());

test('a domain tells its owner, who looked at it, and when it was a subject', async () => {
  const found = await queries.domains(['quiet.example', 'shop.example', 'acme-dns.example', 'nothing.example']);
  expect([...found.keys()].sort()).toEqual(['acme-dns.example', 'quiet.example', 'shop.example']);
  expect(found.get('quiet.example')).toEqual({
    name: 'quiet.example',
    owner: { key: 'domain:quiet.example', name: 'quiet.example', provisional: true },
    firstSeen: day(3),
    lastSeen: day(4),
    vendor: false,
  });
  expect(found.get('acme-dns.example')).toMatchObject({ vendor: true, firstSeen: undefined });
  const observations = await queries.observationsOf(['quiet.example', 'shop.example']);
  expect(observations.get('quiet.example')).toEqual([{ source: 'zdns', stream: 'dns', lastObserved: day(4) }]);
  expect(observations.get('shop.example')).toEqual([]);
  const owners = await queries.ownersOf(['shop.example']);
  expect(owners.get('shop.example')).toEqual({ key: 'partner:acme', name: 'Acme, Inc.', provisional: false });
});

test('an organization lists its domains by name, page by page', async () => {
  const first = (await queries.domainsOf(['partner:acme'], { first: 1, at: day(9) })).get('partner:acme');
  expect(first).toMatchObject({ hasNextPage: true, edges: [{ node: 'acme.example' }] });
  const after = first?.edges[0]?.cursor;
  const second = (await queries.domainsOf(['partner:acme'], { first: 1, at: day(9), after })).get('partner:acme');
  expect(second).toMatchObject({ hasNextPage: false, edges: [{ node: 'shop.example' }] });
  const provisional = (await queries.domainsOf(['domain:quiet.example'], page)).get('domain:quiet.example');
  expect(provisional?.edges.map(({ node }) => node)).toEqual(['quiet.example']);
});

test('organizations with the same letters are proposed as one', async () => {
  const candidates = await queries.mergeCandidatesOf(['partner:acme', 'imc2020:acme']);
  expect(candidates.get('partner:acme')).toEqual([{ key: 'imc2020:acmeinc', name: 'ACME INC', provisional: false }]);
  expect(candidates.get('imc2020:acme')).toEqual([]);
});

test('what is claimed of an end, and that others use it, is listed with what is no longer in force', async () => {
  const ends = [end('partner:acme'), end('imc2020:acmeinc'), end('nobody.example')];
  const [own, none] = await queries.claimsOf(ends.slice(0, 2), { direction: 'uses' }, page);
  expect(own?.edges.map(({ node }) => node.object)).toEqual([end('imc2020:acmeinc')]);
  expect(none?.edges).toEqual([]);
  const used = await queries.claimsOf(ends, { direction: 'usedBy', service: 'MAIL', includePast: true }, page);
  expect(used.map((listed) => listed.edges.length)).toEqual([0, 1, 0]);
});

test('search finds the equal first, then what begins with the text, then what contains it', async () => {
  const hits = async (text: string, first = 50) =>
    (await queries.search({ text }, { first, at: day(9) })).edges.map(({ cursor }) => cursor.key[3]);
  expect(await hits('acme')).toEqual([
    'imc2020:acme',
    'imc2020:acmeinc',
    'hibp:one',
    'partner:acme',
    'acme-dns.example',
    'acme.example',
  ]);
  expect(await hits('dns')).toEqual(['acme-dns.example']);
  expect(await hits('Leak')).toEqual(['hibp:one', 'hibp:two']);
  expect(await hits('partner:bcorp')).toEqual(['imc2020:acme']);
  // Nothing in the text is an operator of the full-text index.
  expect(await hits('(acme) AND NOT "leak')).toEqual([]);
  await expect(hits('  ')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });

  const paged: unknown[] = [];
  let after: PageRequest['after'];
  do {
    const found = await queries.search(
      { text: 'acme', types: ['DOMAIN', 'ORGANIZATION'] },
      { first: 2, at: day(9), after },
    );
    paged.push(...found.edges.map(({ node }) => node.type));
    after = found.hasNextPage ? found.edges.at(-1)?.cursor : undefined;
  } while (after !== undefined);
  expect(paged).toEqual(['ORGANIZATION', 'ORGANIZATION', 'ORGANIZATION', 'DOMAIN', 'DOMAIN']);
});

test('incidents are listed newest report first, and with whom they concern', async () => {
  const keys = async (filter: Parameters<ExposureQueries['incidents']>[0], more: Partial<PageRequest> = {}) =>
    (await queries.incidents(filter, { ...page, ...more })).edges.map(({ node }) => node.key);
  expect(await keys({})).toEqual(['hibp:two', 'hibp:one']);
  expect(await keys({ verified: true })).toEqual(['hibp:one']);
  expect(await keys({ since: day(4) })).toEqual(['hibp:two']);
  expect(await keys({ until: day(4) })).toEqual(['hibp:one']);
  expect(await keys({ kind: 'OUTAGE' })).toEqual([]);
  const [first] = (await queries.incidents({}, { first: 1, at: day(9) })).edges;
  expect(await keys({}, { after: first?.cursor })).toEqual(['hibp:one']);

  const of = await queries.incidentsOf(['partner:acme', 'imc2020:acme', 'domain:other.example'], page);
  expect([...of].map(([key, listed]) => [key, listed.edges.map(({ node }) => node.key)])).toEqual([
    ['partner:acme', ['hibp:one']],
    ['imc2020:acme', ['hibp:two']],
    ['domain:other.example', ['hibp:two']],
  ]);
  expect((await queries.incidentsByKey(['hibp:two', 'hibp:x'])).get('hibp:two')).toMatchObject({
    affects: [end('other.example'), end('partner:bcorp')],
    affectedCount: 12,
    occurredPrecision: 'MONTH',
    evidence: [{ document: 'e'.repeat(64), record: 'line 2', host: '', observedAt: day(4) }],
  });
});

test('sources tell what was withdrawn and how fresh they are', async () => {
  const sources = new Map((await queries.sources()).map((state) => [state.id, state]));
  expect([...sources.keys()]).toEqual(declaredSources.all().map(({ id }) => id));
  expect(sources.get('webdep')?.withdrawnBefore).toBe(day(2));
  expect(sources.get('zdns')?.newestEvent).toBe(day(5));
  expect(await queries.totals()).toMatchObject({ incidents: 2, claims: 3 });
});

test('a batch costs one statement, a page of dependents two, whatever their size', async () => {
  asked.length = 0;
  await queries.organizations(['partner:acme', 'domain:shop.example', 'imc2020:acme']);
  await queries.dependentsOf(['domain:acme-dns.example', 'imc2020:acme', 'imc2020:acmeinc'], {}, page);
  expect(asked).toEqual(['organization.byKey', 'dependency.dependentsOf', 'dependency.dependencies']);
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idOfDependency, idOfDomain, idOfOrganization } from '../../src/api/ids.ts';
import type { GraphAction } from '../../src/graph/actions.ts';
import type { Driver } from '../../src/graph/driver.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { startApi, type TestApi } from './api-client.ts';
import { loadRealFacts, writeActions } from './api-facts.ts';

let driver: Driver;
let api: TestApi;

beforeAll(async () => {
  driver = testDriver();
  await freshDatabase(driver);
  await loadRealFacts(driver);
  await writeActions(driver, ownAndMerge(), 'merges');
  api = await startApi(driver);
});
afterAll(async () => {
  await api.close();
  await driver.close();
});

/** Acme owns tmall.com and is the same as Acme Holding, whose key is larger. */
function ownAndMerge(): GraphAction[] {
  const evidence = { document: 'd'.repeat(64), record: '1', host: '', observedAt: Date.UTC(2025, 0, 1) };
  const statement = { source: 'partner', time: Date.UTC(2025, 0, 1), retracted: false, confidence: 1, evidence };
  const [a, b] = ['partner:acme', 'partner:acme holding'];
  return [
    { type: 'state-ownership', ...statement, event: 'e1', domain: 'tmall.com', organization: b! },
    { type: 'state-same-as', ...statement, event: 'e2', organizations: [a!, b!] },
    { type: 'name-organization', key: a!, name: 'Acme', time: statement.time },
    { type: 'name-organization', key: b!, name: 'Acme Holding', time: statement.time },
  ];
}

/** Every listing: its field with a place for arguments, and the way to it. */
const LISTINGS: Record<string, { readonly text: (args: string) => string; readonly at: (data: any) => any }> = {
  dependencies: {
    text: (a) =>
      `{ organization(domain: "sciencedirect.com") { x: dependencies(${a}) { edges { id cursor } totalCount ...P } } }`,
    at: (d) => d.organization.x,
  },
  'dependencies by name': {
    text: (a) =>
      `{ organization(domain: "sciencedirect.com") { x: dependencies(orderBy: NAME, ${a}) { edges { id cursor } totalCount ...P } } }`,
    at: (d) => d.organization.x,
  },
  'dependents by day': {
    text: (a) =>
      `{ organization(key: "imc2020:digicertinc") { x: dependents(orderBy: LAST_SEEN, ${a}) { edges { id cursor } totalCount ...P } } }`,
    at: (d) => d.organization.x,
  },
  nthParties: {
    text: (a) =>
      `{ organization(domain: "tmall.com") { x: nthParties(depth: 4, ${a}) { edges { cursor node { distance node { key } } } ...P } } }`,
    at: (d) => d.organization.x,
  },
  blastRadius: {
    text: (a) =>
      `{ organization(key: "imc2020:dnsmadeeasy") { x: blastRadius { organizations(${a}) { edges { cursor node { distance node { key } } } ...P } } } }`,
    at: (d) => d.organization.x.organizations,
  },
  uses: {
    text: (a) => `{ domain(name: "sciencedirect.com") { x: uses(${a}) { edges { cursor node { id } } ...P } } }`,
    at: (d) => d.domain.x,
  },
  concentration: {
    text: (a) =>
      `{ x: concentrationRisk(service: DNS, ${a}) { edges { cursor node { direct vendor { key } } } ...P } }`,
    at: (d) => d.x,
  },
  vendors: {
    text: (a) =>
      `{ x: vendors(filter: { service: CDN }, ${a}) { edges { cursor node { dependents organization { key } } } totalCount ...P } }`,
    at: (d) => d.x,
  },
  search: {
    text: (a) => `{ x: search(text: "co", ${a}) { edges { cursor node { ... on Node { id } } } ...P } }`,
    at: (d) => d.x,
  },
  incidents: { text: (a) => `{ x: incidents(${a}) { edges { cursor node { id } } ...P } }`, at: (d) => d.x },
};

/** `...P` stands for the page info of whatever connection it is in. */
const document = (text: string) =>
  text.replace('...P', 'pageInfo { hasNextPage hasPreviousPage startCursor endCursor }');

describe('a listing', () => {
  it.each(Object.keys(LISTINGS))('of %s gives the same items in pages as at once', async (name) => {
    const { text, at } = LISTINGS[name]!;
    const whole = at(await api.data(document(text('first: 12'))));
    const items = (page: any) => page.edges.map(({ cursor: _, ...item }: any) => item);
    expect(whole.edges.length).toBeGreaterThan(1);
    if (whole.totalCount !== undefined && !whole.pageInfo.hasNextPage)
      expect(whole.totalCount).toBe(whole.edges.length);
    const paged: unknown[] = [];
    let after = '';
    do {
      const page = at(await api.data(document(text(`first: 5${after}`))));
      expect(page.pageInfo.hasPreviousPage).toBe(after !== '');
      expect(page.pageInfo.startCursor).toBe(page.edges[0].cursor);
      expect(page.pageInfo.endCursor).toBe(page.edges.at(-1).cursor);
      paged.push(...items(page));
      after = page.pageInfo.hasNextPage ? `, after: "${page.pageInfo.endCursor}"` : '';
    } while (after !== '' && paged.length < 12);
    expect(paged.slice(0, whole.edges.length)).toEqual(items(whole));
  });

  it.each(Object.keys(LISTINGS))('of %s refuses a cursor of another listing', async (name) => {
    const { text } = LISTINGS[name]!;
    const { errors } = await api.ask(document(text('first: 5, after: "bm90aGluZw"')));
    expect(errors.map((e) => e.extensions.code)).toEqual(['BAD_CURSOR']);
  });

  it('keeps the instant of its first page', async () => {
    const text = `query ($after: String, $asOf: DateTime) { organization(domain: "sciencedirect.com") {
      dependencies(first: 1, after: $after, asOf: $asOf) { freshness { asOf } pageInfo { endCursor } } } }`;
    const first = (await api.data(text)).organization.dependencies;
    const after = first.pageInfo.endCursor;
    const second = (await api.data(text, { after })).organization.dependencies;
    expect(second.freshness.asOf).toBe(first.freshness.asOf);
    const { errors } = await api.ask(text, { after, asOf: '2024-01-01T00:00:00Z' });
    expect(errors[0]?.extensions.code).toBe('BAD_CURSOR');
  });
});

describe('an id', () => {
  it('asks for the same thing again, whatever its type', async () => {
    const seen = await api.data(`{
      organization(domain: "sciencedirect.com") { id dependencies(first: 2) { edges { id claims(first: 2) { nodes { id subject { id } } } } } }
      incidents(first: 1) { nodes { id } }
    }`);
    const ids: string[] = [];
    JSON.stringify(seen, (key, value) => {
      if (key === 'id') ids.push(value);
      return value;
    });
    const { nodes } = await api.data('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', { ids });
    expect(nodes.map((n: any) => n.id)).toEqual(ids);
    expect(new Set(nodes.map((n: any) => n.__typename))).toEqual(
      new Set(['Organization', 'Dependency', 'Claim', 'Domain', 'Incident']),
    );
  });

  it('of an absorbed or formerly provisional organization gives what stands for it now', async () => {
    const ids = ['partner:acme holding', 'domain:tmall.com', 'partner:acme'].map(idOfOrganization);
    const { nodes } = await api.data(
      'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Organization { key aliases { key } } } }',
      { ids },
    );
    const acme = { key: 'partner:acme', aliases: [{ key: 'partner:acme holding' }] };
    expect(nodes).toEqual([acme, acme, acme]);
  });

  it('of a dependency carries the instant that was asked for', async () => {
    const asOf = Date.UTC(2020, 5, 1);
    const pair = { dependent: 'domain:tmall.com', vendor: 'imc2020:taobao' };
    const text = 'query ($id: ID!) { node(id: $id) { ... on Dependency { id stale confidence dependent { key } } } }';
    const then = (await api.data(text, { id: idOfDependency(pair, asOf) })).node;
    expect(then).toMatchObject({ stale: false, confidence: 0.8, dependent: { key: 'partner:acme' } });
    expect(then.id).toBe(idOfDependency({ ...pair, dependent: 'partner:acme' }, asOf));
    const now = (await api.data(text, { id: idOfDependency(pair, undefined) })).node;
    expect(now.stale).toBe(true);
    expect(now.confidence).toBeLessThan(then.confidence);
    expect((await api.data(text, { id: idOfDependency(pair, Date.UTC(2019, 0, 1)) })).node).toBeNull();
  });

  it('of nothing that is known is null, and of no organization is an error where one is needed', async () => {
    expect(await api.data('query ($id: ID!) { node(id: $id) { id } }', { id: idOfDomain('nowhere.example') })).toEqual({
      node: null,
    });
    const text = 'query ($from: ID!, $to: ID!) { exposurePaths(from: $from, to: $to) { nodes { length } } }';
    const known = idOfOrganization('imc2020:taobao');
    const unknown = await api.ask(text, { from: idOfOrganization('partner:nobody'), to: known });
    expect(unknown.errors[0]).toMatchObject({
      message: expect.stringMatching(/^from: /),
      extensions: { code: 'NOT_FOUND' },
    });
    const domain = await api.ask(text, { from: known, to: idOfDomain('tmall.com') });
    expect(domain.errors[0]?.extensions.code).toBe('BAD_ID');
  });
});

describe('a list of ids', () => {
  it('has an error for each that is malformed, and an answer for each other', async () => {
    const ids = ['?', idOfDomain('tmall.com'), '?'];
    const { data, errors } = await api.ask('query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Domain { name } } }', {
      ids,
    });
    expect(data.nodes).toEqual([null, { name: 'tmall.com' }, null]);
    expect(errors.map((e) => e.extensions.code)).toEqual(['BAD_ID', 'BAD_ID']);
  });

  it('as a scope is refused by one error, whatever else is wrong with the scope', async () => {
    const scope = { organizations: [idOfOrganization('partner:nobody'), '?', '?'], domains: ['tmall.com', 'a b'] };
    const { errors } = await api.ask(
      'query ($scope: ScopeInput) { concentrationRisk(scope: $scope) { dependentTotal } }',
      { scope },
    );
    expect(errors.map((e) => e.extensions.code)).toEqual(['BAD_ARGUMENT']);
  });
});

describe('the number of database queries', () => {
  const text = `query ($first: Int!) { organization(key: "imc2020:digicertinc") {
    dependents(first: $first) { totalCount edges {
      node { name domains(first: 3) { nodes { name owner { key } firstSeen } } aliases { key } mergeCandidates { key } incidents { nodes { id } } }
      claims(first: 5) { nodes { source { newestEvent } subject { id ... on Organization { name } } object { id ... on Organization { name } } evidence { nodes { document } } } }
    } } } }`;

  it('is the same for a page of two and for a page of fifty', async () => {
    const cost = async (first: number) => {
      api.statements.length = 0;
      const { organization } = await api.data(text, { first });
      return { items: organization.dependents.edges.length as number, statements: [...api.statements].sort() };
    };
    const small = await cost(2);
    const large = await cost(50);
    expect(large.items).toBeGreaterThan(small.items);
    expect(large.statements).toEqual(small.statements);
    expect(large.statements.length).toBeLessThanOrEqual(16);
  });

  it('is one for a page of dependencies with their vendors and one more for the claims behind them', async () => {
    api.statements.length = 0;
    await api.data(`{ organization(domain: "sciencedirect.com") { dependencies(first: 50) { edges {
      node { name } services { service } claims { nodes { subject { id } object { id } source { name } evidence { nodes { document } } } } } } } }`);
    // The first one finds the organization.
    expect(api.statements).toHaveLength(3);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../src/errors.ts';
import type { GraphAction } from '../../src/graph/actions.ts';
import type { Driver } from '../../src/graph/driver.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import type { ExposurePathArgs, ExposureQueries, PageRequest } from '../../src/queries/types.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { day, declaredSources, name, own, sight, stateUse, writeFacts } from '../support/facts.ts';

let driver: Driver;
let queries: ExposureQueries;
const at = day(2);
const page: PageRequest = { first: 50, at };

beforeAll(() => {
  driver = testDriver();
  queries = createNeo4jQueries({ driver, sources: declaredSources, timeout: 100_000 });
});
afterAll(() => driver.close());
beforeEach(() => freshDatabase(driver));

const facts = (...actions: GraphAction[]) => writeFacts(driver, actions);
const uses = (dependent: string, vendor: string, service: 'DNS' | 'CDN' | 'ANALYTICS' = 'DNS') =>
  sight('webdep', `${dependent}.example`, service, `${vendor}.example`, day(1));
const short = (key: unknown) => String(key).replace(/^domain:(.*)\.example$/, '$1');

describe('a chain of dependencies with a circle in it', () => {
  // a → b → c → d, c → b, and a → d for analytics.
  beforeEach(() =>
    facts(
      uses('a', 'b'),
      uses('b', 'c', 'CDN'),
      uses('c', 'd'),
      uses('c', 'b', 'ANALYTICS'),
      uses('a', 'd', 'ANALYTICS'),
    ),
  );

  test('blastRadius counts each organization once, at its shortest distance', async () => {
    const blast = (args: Partial<Parameters<ExposureQueries['blastRadius']>[1]> = {}) =>
      queries.blastRadius('domain:d.example', { maxHops: 4, ...args }, at);
    expect(await blast()).toEqual({
      total: 3,
      byDistance: [
        { distance: 1, organizations: 2 },
        { distance: 2, organizations: 1 },
      ],
    });
    expect(await blast({ service: 'DNS' })).toMatchObject({ total: 3, byDistance: [{}, {}, { distance: 3 }] });
    expect(await blast({ criticalOnly: true })).toMatchObject({ total: 3 });
    expect(await blast({ criticalOnly: true, service: 'ANALYTICS' })).toEqual({ total: 0, byDistance: [] });
    expect(await blast({ maxHops: 1 })).toMatchObject({ total: 2 });
  });

  test('the organizations of a blast radius are paged by distance, then key', async () => {
    const first = await queries.blastRadiusOrganizations('domain:d.example', { maxHops: 4 }, { first: 2, at });
    expect(first.edges.map(({ node }) => [short(node.organization.key), node.distance])).toEqual([
      ['a', 1],
      ['c', 1],
    ]);
    const after = first.edges.at(-1)?.cursor;
    const rest = await queries.blastRadiusOrganizations('domain:d.example', { maxHops: 4 }, { first: 2, at, after });
    expect(rest.edges.map(({ node }) => [short(node.organization.key), node.distance])).toEqual([['b', 2]]);
    expect(rest.hasNextPage).toBe(false);
  });

  test('nthParties are the vendors of vendors that are not direct ones', async () => {
    const nth = async (depth: number) =>
      (await queries.nthParties('domain:a.example', { depth }, page)).edges.map(({ node }) => [
        short(node.organization.key),
        node.distance,
      ]);
    expect(await nth(2)).toEqual([['c', 2]]);
    expect(await nth(6)).toEqual([['c', 2]]);
  });

  test('exposurePaths lists each path of distinct organizations, and says what it is worth', async () => {
    const paths = async (args: Partial<ExposurePathArgs> = {}) => {
      const ends = { from: 'domain:a.example', to: 'domain:d.example', maxHops: 4 };
      return (await queries.exposurePaths({ ...ends, ...args }, page)).edges;
    };
    const all = await paths();
    expect(all.map(({ node }) => node.steps.map(({ vendor }) => short(vendor.key)).join())).toEqual(['d', 'b,c,d']);
    expect(all.map(({ node }) => [node.length, node.critical])).toEqual([
      [1, false],
      [3, true],
    ]);
    expect(all[1]?.node.confidence).toBeCloseTo(0.8 ** 3, 12);
    expect(await paths({ service: 'DNS' })).toHaveLength(1);
    expect(await paths({ criticalOnly: true })).toHaveLength(1);
    expect(await paths({ maxHops: 2 })).toHaveLength(1);
    expect(await paths({ to: 'domain:a.example' })).toEqual([]);
  });

  test('a cursor of another path is refused', async () => {
    const after = { at, key: ['domain:a.example', 'domain:c.example'] };
    // From an organization to itself there is none, yet the cursor is no better.
    for (const to of ['domain:d.example', 'domain:a.example']) {
      const asked = queries.exposurePaths({ from: 'domain:a.example', to, maxHops: 4 }, { ...page, after });
      await expect(asked).rejects.toMatchObject({ code: 'BAD_CURSOR' });
    }
  });
});

describe('concentrationRisk', () => {
  beforeEach(() =>
    facts(
      uses('a', 'dns'),
      uses('b', 'dns'),
      uses('b', 'ns'),
      uses('c', 'cdn', 'CDN'),
      uses('cdn', 'ns'),
      uses('dns', 'dns'),
      own('partner', 'a.example', 'partner:ab', day(1)),
      own('partner', 'b.example', 'partner:ab', day(1)),
    ),
  );

  const risk = async (args: Partial<Parameters<ExposureQueries['concentrationRisk']>[0]>) => {
    const found = await queries.concentrationRisk({ maxHops: 4, ...args }, page);
    const rows = found.edges.map(({ node: n }) => [
      short(n.vendor.key),
      n.direct,
      n.directCritical,
      n.reach,
      n.reachCritical,
    ]);
    return { rows, totals: [found.dependentTotal, found.criticalTotal] };
  };

  test('counts organizations, not domains, and nobody as its own dependent', async () => {
    expect(await risk({ service: 'DNS' })).toEqual({
      rows: [
        ['ns', 2, 1, 3, 2],
        ['dns', 1, 1, 1, 1],
      ],
      totals: [2, 2],
    });
    expect(await risk({})).toEqual({
      rows: [
        ['ns', 2, 1, 3, 2],
        ['cdn', 1, 1, 1, 1],
        ['dns', 1, 1, 1, 1],
      ],
      totals: [3, 3],
    });
  });

  test('a scope counts only its members, who may reach a vendor by way of others', async () => {
    const scope = { organizations: ['domain:a.example'], domains: ['c.example', 'nobody.example'] };
    expect(await risk({ scope })).toEqual({
      rows: [
        ['cdn', 1, 1, 1, 1],
        ['dns', 1, 1, 1, 1],
        ['ns', 1, 0, 2, 1],
      ],
      totals: [2, 2],
    });
    expect(await risk({ scope: { organizations: [], domains: [] } })).toEqual({ rows: [], totals: [0, 0] });
  });

  test('is paged by direct, descending, then key', async () => {
    const first = await queries.concentrationRisk({ maxHops: 2 }, { first: 2, at });
    expect(first.edges.map(({ node }) => short(node.vendor.key))).toEqual(['ns', 'cdn']);
    expect(first.hasNextPage).toBe(true);
    const after = first.edges.at(-1)?.cursor;
    const second = await queries.concentrationRisk({ maxHops: 2, withReach: false }, { first: 2, at: day(900), after });
    expect(second.edges.map(({ node }) => short(node.vendor.key))).toEqual(['dns']);
    expect(second).toMatchObject({ hasNextPage: false, dependentTotal: 3 });
    expect(second.edges[0]?.node.reach).toBeUndefined();
  });
});

describe('vendors', () => {
  beforeEach(() =>
    facts(
      uses('a', 'dns'),
      uses('b', 'dns'),
      uses('b', 'cdn', 'CDN'),
      uses('a', 'cdn', 'ANALYTICS'),
      own('partner', 'cdn.example', 'partner:edge', day(1)),
      name('partner:edge', 'Edge Company', day(1)),
    ),
  );

  const listed = async (args: Parameters<ExposureQueries['vendors']>[0]) =>
    (await queries.vendors(args, page)).edges.map(({ node }) => node.organization.name);

  test('are listed by how many depend on them, or by name, with what they are used for', async () => {
    const [dns, edge] = (await queries.vendors({}, page)).edges.map(({ node }) => node);
    expect(edge).toEqual({
      organization: { key: 'partner:edge', name: 'Edge Company', provisional: false },
      dependents: 2,
      criticalDependents: 1,
      services: ['ANALYTICS', 'CDN'],
    });
    expect(dns).toMatchObject({ dependents: 2, criticalDependents: 2, services: ['DNS'] });
    expect(await listed({ orderBy: 'NAME' })).toEqual(['dns.example', 'Edge Company']);
    expect(await listed({ service: 'DNS' })).toEqual(['dns.example']);
    expect(await listed({ nameContains: 'COMPANY' })).toEqual(['Edge Company']);
    expect(await listed({ minDependents: 3 })).toEqual([]);
    expect(await queries.vendorTotal({ nameContains: 'e' }, at)).toBe(2);
  });
});

describe('a question', () => {
  test('is given up when its time is over', async () => {
    const late = queries.within(Date.now() - 1);
    await expect(late.totals()).rejects.toBeInstanceOf(AppError);
    await expect(late.totals()).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' });
  });

  test('that ran out of time says so beside what it found', async () => {
    await facts(uses('a', 'b'), stateUse('partner', 'partner:x', 'DNS', 'partner:y', day(1)));
    // The first level cannot be read in no time at all.
    const hurried = createNeo4jQueries({ driver, sources: declaredSources, timeout: 0.5 });
    expect(await hurried.blastRadius('domain:b.example', { maxHops: 4 }, at)).toEqual({
      total: 0,
      byDistance: [],
      bound: 'TIME',
    });
  });
});

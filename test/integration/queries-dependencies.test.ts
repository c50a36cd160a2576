import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { GraphAction } from '../../src/graph/actions.ts';
import type { Driver } from '../../src/graph/driver.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import type { Dependency, DependencyArgs, ExposureQueries } from '../../src/queries/types.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { complete, day, declaredSources, name, own, same, sight, stateUse, writeFacts } from '../support/facts.ts';

let driver: Driver;
let queries: ExposureQueries;

beforeAll(() => {
  driver = testDriver();
  // Longer than anybody waits: the first plan of a statement takes its time on a busy machine.
  queries = createNeo4jQueries({ driver, sources: declaredSources, timeout: 100_000 });
});
afterAll(() => driver.close());
beforeEach(() => freshDatabase(driver));

const facts = (...actions: GraphAction[]) => writeFacts(driver, actions);

async function dependencies(key: string, at: number, args: DependencyArgs = {}): Promise<readonly Dependency[]> {
  const page = (await queries.dependenciesOf([key], args, { first: 100, at })).get(key);
  return (page?.edges ?? []).map(({ node }) => node);
}

/** `vendor: service services!`, where `!` marks what is critical. */
async function outline(key: string, at: number, args: DependencyArgs = {}): Promise<string[]> {
  const listed = await dependencies(key, at, args);
  const uses = (d: Dependency) => d.services.map((use) => use.service + (use.critical ? '!' : '')).join(' ');
  return listed.map((d) => `${d.vendor.key}: ${uses(d)}`).sort();
}

describe('a claim is in force', () => {
  test('from the day it was first seen, and stays so when it goes stale', async () => {
    await facts(sight('zdns', 'a.example', 'DNS', 'dns.example', day(10)));
    expect(await outline('domain:a.example', day(10) - 1)).toEqual([]);
    expect(await outline('domain:a.example', day(10))).toEqual(['domain:dns.example: DNS!']);
    const [stale] = await dependencies('domain:a.example', day(24));
    expect(stale).toMatchObject({ stale: true, firstSeen: day(10), lastSeen: day(10) });
    expect((await dependencies('domain:a.example', day(24) - 1))[0]?.stale).toBe(false);
  });

  test('until its source saw the whole set without it', async () => {
    await facts(
      sight('zdns', 'a.example', 'DNS', 'old.example', day(1)),
      sight('zdns', 'a.example', 'DNS', 'new.example', day(3)),
      complete('zdns', 'a.example', 'DNS', day(1)),
      complete('zdns', 'a.example', 'DNS', day(3)),
      sight('webdep', 'a.example', 'DNS', 'other.example', day(1)),
      sight('zdns', 'a.example', 'MAIL', 'old.example', day(1)),
    );
    expect(await outline('domain:a.example', day(4))).toEqual([
      'domain:new.example: DNS',
      'domain:old.example: MAIL!',
      'domain:other.example: DNS',
    ]);
    expect(await outline('domain:a.example', day(2))).toEqual([
      'domain:old.example: DNS MAIL!',
      'domain:other.example: DNS',
    ]);
  });

  test('until its statement is retracted, and again once it is stated later', async () => {
    const state = (time: number, retracted = false) =>
      stateUse('partner', 'a.example', 'PAYMENTS', 'partner:pay', time, { retracted });
    await facts(state(day(1)), state(day(5), true));
    expect(await outline('domain:a.example', day(4))).toEqual(['partner:pay: PAYMENTS']);
    expect(await outline('domain:a.example', day(5))).toEqual([]);
    await facts(state(day(9)));
    expect(await outline('domain:a.example', day(8))).toEqual([]);
    expect(await outline('domain:a.example', day(9))).toEqual(['partner:pay: PAYMENTS']);
  });

  test('not where it is only known by its retraction', async () => {
    await facts(stateUse('partner', 'a.example', 'PAYMENTS', 'partner:pay', day(1), { retracted: true }));
    expect(await outline('domain:a.example', day(1) - 1)).toEqual([]);
    const page = { first: 10, at: day(2) };
    const ends = [{ kind: 'domain', name: 'a.example' } as const];
    const [claims] = await queries.claimsOf(ends, { direction: 'uses', includePast: true }, page);
    expect(claims?.edges).toEqual([]);
  });

  test('not where its source was withdrawn and has not seen it since', async () => {
    await facts(
      sight('webdep', 'a.example', 'CDN', 'cdn.example', day(1)),
      sight('webdep', 'b.example', 'CDN', 'cdn.example', day(5)),
      { type: 'withdraw-source', source: 'webdep', before: day(5), reason: 'a bad delivery' },
    );
    expect(await outline('domain:a.example', day(9))).toEqual([]);
    expect(await outline('domain:b.example', day(9))).toEqual(['domain:cdn.example: CDN!']);
    const { edges } = (await queries.dependentsOf(['domain:cdn.example'], {}, { first: 9, at: day(9) })).get(
      'domain:cdn.example',
    ) ?? { edges: [] };
    expect(edges.map(({ node }) => node.dependent.key)).toEqual(['domain:b.example']);
  });
});

describe('an organization', () => {
  test('has the dependencies of the domains that it owns, whenever that was learned', async () => {
    await facts(
      sight('zdns', 'shop.example', 'DNS', 'dns.example', day(1)),
      sight('zdns', 'news.example', 'DNS', 'ns2.example', day(1)),
    );
    expect(await outline('domain:shop.example', day(2))).toEqual(['domain:dns.example: DNS!']);
    await facts(
      own('partner', 'shop.example', 'partner:acme', day(9)),
      own('partner', 'news.example', 'partner:acme', day(9)),
      own('partner', 'dns.example', 'partner:names', day(9)),
      own('partner', 'ns2.example', 'partner:names', day(9)),
      name('partner:names', 'Names Inc.', day(9)),
    );
    expect(await outline('partner:acme', day(2))).toEqual(['partner:names: DNS!']);
    expect(await outline('domain:shop.example', day(2))).toEqual([]);
    const [whole] = await dependencies('partner:acme', day(2));
    expect(whole?.vendor).toEqual({ key: 'partner:names', name: 'Names Inc.', provisional: false });
    expect(whole?.services).toEqual([expect.objectContaining({ service: 'DNS', critical: true, claims: 2 })]);
    const found = await queries.organizations(['domain:shop.example', 'domain:nobody.example', 'partner:acme']);
    expect([...found].map(([asked, { key }]) => [asked, key])).toEqual([
      ['domain:shop.example', 'partner:acme'],
      ['partner:acme', 'partner:acme'],
    ]);
  });

  test('has what is claimed of it by name beside what is claimed of its domains', async () => {
    await facts(
      own('partner', 'acme.example', 'partner:acme', day(1)),
      stateUse('partner', 'partner:acme', 'MAIL', 'partner:mail', day(1)),
      sight('zdns', 'acme.example', 'MAIL', 'other.example', day(1)),
    );
    // Each is the only provider of its own subject.
    expect(await outline('partner:acme', day(2))).toEqual(['domain:other.example: MAIL!', 'partner:mail: MAIL!']);
  });

  test('is one with what was merged into it, until the merge is taken back', async () => {
    const merge = (time: number, retracted = false) => same('analyst', 'partner:b', 'imc2020:a', time, { retracted });
    await facts(
      stateUse('partner', 'shop.example', 'DNS', 'partner:b', day(1)),
      stateUse('imc2020', 'shop.example', 'CDN', 'imc2020:a', day(1)),
      stateUse('partner', 'partner:b', 'DNS', 'imc2020:a', day(1)),
      name('imc2020:a', 'a', day(1)),
      name('partner:b', 'A & B', day(2)),
      merge(day(3)),
    );
    expect(await outline('domain:shop.example', day(2))).toEqual(['imc2020:a: CDN! DNS!']);
    expect(await outline('imc2020:a', day(2))).toEqual([]);
    expect((await queries.organizations(['partner:b'])).get('partner:b')).toMatchObject({
      key: 'imc2020:a',
      name: 'A & B',
    });
    expect((await queries.aliasesOf(['imc2020:a'])).get('imc2020:a')).toEqual([{ key: 'partner:b', name: 'A & B' }]);
    expect(await queries.dependency({ dependent: 'domain:shop.example', vendor: 'partner:b' }, day(2))).toMatchObject({
      vendor: { key: 'imc2020:a' },
    });
    await facts(merge(day(4), true));
    expect(await outline('domain:shop.example', day(2))).toEqual(['imc2020:a: CDN!', 'partner:b: DNS!']);
    expect(await outline('partner:b', day(2))).toEqual(['imc2020:a: DNS!']);
  });
});

describe('a dependency is critical', () => {
  test('where the vendor is the only provider of a service that nothing replaces', async () => {
    await facts(
      sight('zdns', 'one.example', 'DNS', 'dns.example', day(1)),
      sight('zdns', 'two.example', 'DNS', 'dns.example', day(1)),
      sight('zdns', 'two.example', 'DNS', 'ns2.example', day(1)),
      sight('page-crawler', 'one.example', 'ANALYTICS', 'count.example', day(1)),
    );
    expect(await outline('domain:one.example', day(2))).toEqual([
      'domain:count.example: ANALYTICS',
      'domain:dns.example: DNS!',
    ]);
    expect(await outline('domain:two.example', day(2))).toEqual(['domain:dns.example: DNS', 'domain:ns2.example: DNS']);
  });

  test('not where the subject serves itself too, even by another domain of its owner', async () => {
    await facts(
      sight('zdns', 'a.example', 'DNS', 'dns.example', day(1)),
      sight('zdns', 'a.example', 'DNS', 'a-net.example', day(1)),
      own('partner', 'a.example', 'partner:a', day(1)),
      own('partner', 'a-net.example', 'partner:a', day(1)),
    );
    expect(await outline('partner:a', day(2))).toEqual(['domain:dns.example: DNS']);
  });

  test('where two hosts belong to one provider', async () => {
    await facts(
      sight('zdns', 'a.example', 'DNS', 'dns.example', day(1)),
      sight('zdns', 'a.example', 'DNS', 'dns2.example', day(1)),
      own('partner', 'dns.example', 'partner:dns', day(1)),
      own('partner', 'dns2.example', 'partner:dns', day(1)),
    );
    expect(await outline('partner:a', day(2))).toEqual([]);
    expect(await outline('domain:a.example', day(2))).toEqual(['partner:dns: DNS!']);
  });

  test('by its fresh claims, and by the stale ones only where none is fresh', async () => {
    await facts(
      sight('zdns', 'a.example', 'DNS', 'old.example', day(1)),
      sight('webdep', 'a.example', 'DNS', 'new.example', day(1)),
    );
    // zdns stays fresh for 14 days, webdep for 365.
    expect(await outline('domain:a.example', day(14))).toEqual(['domain:new.example: DNS', 'domain:old.example: DNS']);
    expect(await outline('domain:a.example', day(15))).toEqual(['domain:new.example: DNS!', 'domain:old.example: DNS']);
    expect(await outline('domain:a.example', day(366))).toEqual(['domain:new.example: DNS', 'domain:old.example: DNS']);
  });

  test('as the newest measurement says, against what the number of providers says', async () => {
    await facts(
      sight('webdep', 'a.example', 'DNS', 'dns.example', day(1), { critical: true }),
      sight('webdep', 'a.example', 'DNS', 'dns.example', day(2), { critical: false }),
      sight('webdep', 'b.example', 'CERTIFICATE_AUTHORITY', 'ca.example', day(1), { critical: false }),
      stateUse('imc2020', 'b.example', 'CERTIFICATE_AUTHORITY', 'ca.example', day(2), { critical: true }),
      sight('webdep', 'b.example', 'CERTIFICATE_AUTHORITY', 'ca2.example', day(1)),
      sight('webdep', 'c.example', 'CERTIFICATE_AUTHORITY', 'ca.example', day(1)),
    );
    expect(await outline('domain:a.example', day(3))).toEqual(['domain:dns.example: DNS']);
    expect(await outline('domain:b.example', day(3))).toEqual([
      'domain:ca.example: CERTIFICATE_AUTHORITY!',
      'domain:ca2.example: CERTIFICATE_AUTHORITY',
    ]);
    expect(await outline('domain:c.example', day(3))).toEqual(['domain:ca.example: CERTIFICATE_AUTHORITY']);
  });
});

describe('confidence and status', () => {
  test('sources add up, claims of one source do not, and age halves', async () => {
    await facts(
      sight('zdns', 'a.example', 'DNS', 'dns.example', day(0), { confidence: 0.5 }),
      sight('zdns', 'a.example', 'MAIL', 'dns.example', day(0), { confidence: 1 }),
      stateUse('partner', 'a.example', 'DNS', 'dns.example', day(0), { confidence: 0.8 }),
    );
    const at = async (instant: number) => (await dependencies('domain:a.example', instant))[0];
    expect((await at(day(0)))?.confidence).toBeCloseTo(1 - (1 - 0.85 * 0.8) * (1 - 0.98), 12);
    expect((await at(day(28)))?.confidence).toBeCloseTo(1 - (1 - 0.85 * 0.8) * (1 - 0.98 / 4), 12);
    const services = (await at(day(0)))?.services ?? [];
    expect(services.map(({ service }) => service)).toEqual(['DNS', 'MAIL']);
    expect(services[0]?.confidence).toBeCloseTo(1 - (1 - 0.85 * 0.8) * (1 - 0.98 * 0.5), 12);
    expect(services[1]?.confidence).toBeCloseTo(0.98, 12);
  });

  test('a dependency is observed, stated or confirmed by an analyst', async () => {
    await facts(
      sight('zdns', 'a.example', 'DNS', 'seen.example', day(0)),
      sight('zdns', 'a.example', 'DNS', 'said.example', day(0)),
      stateUse('partner', 'a.example', 'MAIL', 'said.example', day(0)),
      stateUse('partner', 'a.example', 'MAIL', 'sure.example', day(0)),
      stateUse('analyst', 'a.example', 'MAIL', 'sure.example', day(0)),
    );
    const listed = await dependencies('domain:a.example', day(1));
    expect(Object.fromEntries(listed.map((d) => [d.vendor.name, d.status]))).toEqual({
      'seen.example': 'OBSERVED',
      'said.example': 'STATED',
      'sure.example': 'CONFIRMED',
    });
  });
});

describe('a listing', () => {
  beforeEach(() =>
    facts(
      ...['a', 'b', 'c', 'd', 'e'].flatMap((site, i) => [
        sight('webdep', `${site}.example`, 'DNS', 'dns.example', day(i), { confidence: site === 'c' ? 0.9 : 0.5 }),
        sight('webdep', `${site}.example`, 'CDN', 'cdn.example', day(1)),
      ]),
      sight('webdep', 'e.example', 'DNS', 'ns2.example', day(1)),
      sight('webdep', 'a.example', 'MAIL', 'dns.example', day(0), { confidence: 0.5 }),
    ),
  );

  async function dependents(args: DependencyArgs, first = 2): Promise<string[][]> {
    const pages: string[][] = [];
    let page: Parameters<ExposureQueries['dependentsOf']>[2] = { first, at: day(9) };
    for (;;) {
      const listed = (await queries.dependentsOf(['domain:dns.example'], args, page)).get('domain:dns.example');
      pages.push((listed?.edges ?? []).map(({ node }) => node.dependent.name[0] ?? ''));
      const last = listed?.edges.at(-1);
      if (!listed?.hasNextPage || last === undefined) {
        return pages;
      }
      page = { first, at: day(300), after: last.cursor };
    }
  }

  test('is paged in each order, and keeps the instant of its first page', async () => {
    // a is used for two services, but that is one source; c was stated more strongly.
    expect(await dependents({})).toEqual([['c', 'a'], ['b', 'd'], ['e']]);
    expect(await dependents({ orderBy: 'NAME' })).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(await dependents({ orderBy: 'LAST_SEEN' })).toEqual([['e', 'd'], ['c', 'b'], ['a']]);
  });

  test('is filtered without changing what a dependency says', async () => {
    expect(await dependents({ service: 'DNS', criticalOnly: true }, 9)).toEqual([['c', 'a', 'b', 'd']]);
    expect(await dependents({ service: 'MAIL' }, 9)).toEqual([['a']]);
    expect(await dependents({ minConfidence: 0.5 }, 9)).toEqual([['c']]);
    const [a] = await dependencies('domain:a.example', day(9), { service: 'MAIL' });
    expect(a?.services.map(({ service }) => service)).toEqual(['DNS', 'MAIL']);
    const critical = await dependencies('domain:e.example', day(9), { criticalOnly: true });
    expect(critical.map((d) => d.vendor.name)).toEqual(['cdn.example']);
    expect(await dependencies('domain:e.example', day(9), { criticalOnly: true, service: 'DNS' })).toEqual([]);
  });

  test('knows how many it has in all', async () => {
    const key = 'domain:dns.example';
    const total = async (args: DependencyArgs) => (await queries.dependentTotalsOf([key], args, day(9))).get(key);
    expect(await total({})).toBe(5);
    expect(await total({ criticalOnly: true, service: 'DNS' })).toBe(4);
    expect(await total({ minConfidence: 0.5 })).toBe(1);
    const totals = await queries.dependencyTotalsOf(['domain:e.example', 'domain:x.example'], {}, day(9));
    expect([...totals]).toEqual([
      ['domain:e.example', 3],
      ['domain:x.example', 0],
    ]);
  });

  test('gives the claims behind each dependency with their evidence, a page at a time', async () => {
    const pair = { dependent: 'domain:a.example', vendor: 'domain:dns.example' };
    const [first] = await queries.claimsBehind([pair], { first: 1, at: day(9) });
    expect(first?.hasNextPage).toBe(true);
    expect(first?.edges[0]?.node).toMatchObject({ service: 'DNS', source: 'webdep', stated: 0.5, inForce: true });
    expect(first?.edges[0]?.node.evidence).toEqual([
      { document: 'd'.repeat(64), record: 'line 1', host: 'dns.example', observedAt: day(0) },
    ]);
    const after = first?.edges[0]?.cursor;
    const [second] = await queries.claimsBehind([pair], { first: 1, at: day(9), after });
    expect(second).toMatchObject({ hasNextPage: false, edges: [{ node: { service: 'MAIL' } }] });
    const claim = second?.edges[0]?.node;
    const again = claim && (await queries.claims([claim], day(9)));
    expect(again).toEqual([claim]);
  });
});

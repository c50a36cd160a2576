import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { getDomain } from 'tldts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ExposureIndex, type IndexedQueries } from '../../src/exposure/exposure-index.ts';
import { loadFacts } from '../../src/exposure/load.ts';
import type { Service } from '../../src/identity/service.ts';
import { loadKnowledge } from '../../src/main/knowledge.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import type { Concentration, Cursor } from '../../src/queries/types.ts';
import { bundled } from '../support/deliveries.ts';
import { createPipeline } from '../support/pipeline.ts';
import { testServers } from '../support/test-servers.ts';

/**
 * The figures of every provider of IMC 2020 in both engines, against a search of this file's own over the rows of the
 * study: it shares nothing with the product but the Public Suffix List.
 */
const { knowledge } = await loadKnowledge();
const pipeline = createPipeline(testServers(), knowledge.sources);
const study = { stream: 'partner-relationships', source: 'imc2020', observedAt: '2020-06-01T00:00:00Z' } as const;
const at = Date.UTC(2020, 5, 2);
const HOPS = 4;
const SITES = bundled('imc2020/site-dependencies.csv.gz');
const PROVIDERS = bundled('imc2020/provider-dependencies.csv');

/** By provider and by who uses it: for which services, and whether critically. */
const uses = new Map<string, Map<string, Map<string, boolean>>>();
const rowsOf = (text: string) => text.trim().split('\n').slice(1);

function use(user: string, kind: string, provider: string, critical: string): void {
  if (user === provider) return;
  const users = uses.get(provider) ?? new Map<string, Map<string, boolean>>();
  const services = users.get(user) ?? new Map<string, boolean>();
  uses.set(provider, users.set(user, services.set(kind, critical === 'true' || services.get(kind) === true)));
}

/** How many reach the provider at each distance, from 1 on, the last hop being of the kind. */
function distances(provider: string, kind: string | undefined, criticalOnly: boolean): number[] {
  const counts: number[] = [];
  const seen = new Set([provider]);
  for (let frontier = [provider], distance = 1; distance <= HOPS; distance++) {
    const next: string[] = [];
    for (const [user, services] of frontier.flatMap((name) => [...(uses.get(name) ?? [])])) {
      const wanted = distance === 1 && kind !== undefined ? [services.get(kind)] : [...services.values()];
      if (seen.has(user) || !wanted.some((critical) => critical === true || (critical === false && !criticalOnly)))
        continue;
      seen.add(user);
      next.push(user);
    }
    if (next.length === 0) break;
    counts.push(next.length);
    frontier = next;
  }
  return counts;
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

const KINDS: readonly (readonly [string | undefined, Service | undefined])[] = [
  [undefined, undefined],
  ['dns', 'DNS'],
  ['cdn', 'CDN'],
  ['ca', 'CERTIFICATE_AUTHORITY'],
];

beforeAll(async () => {
  for (const row of rowsOf(gunzipSync(readFileSync(SITES)).toString('utf8'))) {
    const [, site = '', kind = '', provider = '', critical = ''] = row.split(',');
    use(`domain:${getDomain(site, { allowPrivateDomains: true }) ?? site}`, kind, `imc2020:${provider}`, critical);
  }
  for (const row of rowsOf(readFileSync(PROVIDERS, 'utf8'))) {
    const [, provider = '', kind = '', on = '', critical = ''] = row.split(',');
    use(`imc2020:${provider}`, kind, `imc2020:${on}`, critical);
  }
  await pipeline.begin({ partitions: 4 });
  const consumers = pipeline.start();
  for (const file of [SITES, PROVIDERS]) {
    const report = await pipeline.ingest({ ...study, file });
    expect(report.refused).toEqual(0);
  }
  await pipeline.settle(consumers, 500_000);
  for (const consumer of consumers) await consumer.stop();
}, 600_000);
afterAll(() => pipeline.close());

/** What the search gives, as `concentrationRisk` lists it, and by distance. */
function expected(provider: string, kind: string | undefined) {
  const [all, critical] = [distances(provider, kind, false), distances(provider, kind, true)];
  const counts = {
    direct: all[0] ?? 0,
    directCritical: critical[0] ?? 0,
    reach: sum(all),
    reachCritical: sum(critical),
  };
  return { counts, byDistance: { all: toByDistance(all), critical: toByDistance(critical) } };
}

const toByDistance = (counts: readonly number[]) =>
  counts.map((organizations, i) => ({ distance: i + 1, organizations }));

async function listed(queries: IndexedQueries, service: Service | undefined, most: number): Promise<Concentration[]> {
  const nodes: Concentration[] = [];
  for (let after: Cursor | undefined; ; ) {
    const page = await queries.concentrationRisk({ service, maxHops: HOPS }, { first: 100, at, after });
    nodes.push(...page.edges.map(({ node }) => node));
    after = page.edges.at(-1)?.cursor;
    if (!page.hasNextPage || nodes.length >= most) return nodes;
  }
}

/** Compares at most so many providers a kind in the list, and every n-th by distance. @returns how many of each */
async function compare(queries: IndexedQueries, { most, every }: { most: number; every: number }) {
  const compared = { counts: 0, byDistance: 0 };
  for (const [kind, service] of KINDS) {
    const nodes = await listed(queries, service, most);
    for (const { vendor, direct, directCritical, reach, reachCritical } of nodes) {
      const { counts } = expected(vendor.key, kind);
      expect([kind, vendor.key, { direct, directCritical, reach, reachCritical }]).toEqual([kind, vendor.key, counts]);
      compared.counts++;
    }
    const providers = [...uses.keys()].filter((provider) => distances(provider, kind, false).length > 0);
    if (nodes.length < most) expect(nodes.map(({ vendor }) => vendor.key).sort()).toEqual(providers.sort());
    for (const provider of providers.filter((_, i) => i % every === 0)) {
      const { all, critical } = expected(provider, kind).byDistance;
      for (const [criticalOnly, byDistance] of [[false, all] as const, [true, critical] as const]) {
        const blast = await queries.blastRadius(provider, { service, maxHops: HOPS, criticalOnly }, at);
        expect([provider, kind, blast]).toMatchObject([
          provider,
          kind,
          { byDistance, total: sum(byDistance.map(({ organizations }) => organizations)) },
        ]);
      }
      compared.byDistance++;
    }
  }
  return compared;
}

test('the search gives the figures of the study', () => {
  expect(expected('imc2020:dnsmadeeasy', 'dns').counts).toEqual({
    direct: 1_122,
    directCritical: 1_004,
    reach: 26_405,
    reachCritical: 22_387,
  });
});

test('the index gives every provider the figures of the search', async () => {
  const facts = await loadFacts(pipeline.driver, (id) => knowledge.sources.get(id)?.rank ?? 99);
  const index = new ExposureIndex(facts, knowledge.sources);
  const compared = await compare(index.queries(), { most: Number.POSITIVE_INFINITY, every: 1 });
  process.stderr.write(`index: ${JSON.stringify(compared)} of ${uses.size} providers in ${KINDS.length} kinds\n`);
}, 300_000);

test('the database gives the largest providers, and a sample of all, the figures of the search', async () => {
  const queries = createNeo4jQueries({ driver: pipeline.driver, sources: knowledge.sources, timeout: 120_000 });
  const compared = await compare(queries, { most: 100, every: 25 });
  process.stderr.write(`database: ${JSON.stringify(compared)} of ${uses.size} providers in ${KINDS.length} kinds\n`);
}, 300_000);

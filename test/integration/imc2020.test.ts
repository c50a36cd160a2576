import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ExposureIndex, type IndexedQueries } from '../../src/exposure/exposure-index.ts';
import { loadFacts } from '../../src/exposure/load.ts';
import type { Service } from '../../src/identity/service.ts';
import { loadKnowledge } from '../../src/main/knowledge.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import type { Concentration, Cursor } from '../../src/queries/types.ts';
import type { ConsumerProcess } from '../support/consumer-process.ts';
import { distances, expected, HOPS, PROVIDERS, SITES, sum, uses } from '../support/imc2020-search.ts';
import { createPipeline } from '../support/pipeline.ts';
import { testServers } from '../support/test-servers.ts';

/**
 * Whom the Alexa top 100,000 sites depended on in 2020, through Kafka: what the study's README says has to be counted at
 * registrable domains. A critical one of several folded rows wins.
 */
const { knowledge } = await loadKnowledge();
const pipeline = createPipeline(testServers(), knowledge.sources);
const queries = createNeo4jQueries({ driver: pipeline.driver, sources: knowledge.sources, timeout: 120_000 });
const study = { stream: 'partner-relationships', source: 'imc2020', observedAt: '2020-06-01T00:00:00Z' } as const;
const at = Date.UTC(2020, 5, 2);
const ROWS = 190_589;
/** The database is asked about each n-th provider: with 1 about all, which takes it long. */
const EVERY = Number(process.env.IMC2020_EVERY ?? 25);

let consumers: ConsumerProcess[];

async function ingest(file: string, rows: number): Promise<void> {
  const report = await pipeline.ingest({ ...study, file });
  expect([report.documents, report.refused]).toEqual([rows, 0]);
  await pipeline.settle(consumers, 500_000);
}

/** How many use a vendor at all, and critically so; and `[direct, directCritical]` of the first vendors, by label. */
async function concentration(service: Service) {
  const options = { service, maxHops: 1, withReach: false };
  const { edges, dependentTotal, criticalTotal } = await queries.concentrationRisk(options, { first: 5, at });
  const vendors = Object.fromEntries(
    edges.map(({ node }) => [node.vendor.key.replace('imc2020:', ''), [node.direct, node.directCritical]]),
  );
  return { dependentTotal, criticalTotal, vendors };
}

const KINDS: readonly (readonly [string | undefined, Service | undefined])[] = [
  [undefined, undefined],
  ['dns', 'DNS'],
  ['cdn', 'CDN'],
  ['ca', 'CERTIFICATE_AUTHORITY'],
];

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

beforeAll(async () => {
  await pipeline.begin({ partitions: 4 });
  consumers = pipeline.start();
  await ingest(SITES, ROWS);
}, 600_000);
afterAll(() => pipeline.close());

describe('the sites of IMC 2020', () => {
  test('are all taken in, none refused, and each row accounted for', async () => {
    const { faults, fanOut, graph } = await pipeline.account();
    expect(faults).toEqual([]);
    expect(fanOut).toEqual({ messages: ROWS, applied: ROWS, superseded: 0, filtered: 0, deadLettered: 0 });
    expect(graph.messages).toBe(ROWS);
    expect(graph.applied + graph.superseded).toBe(ROWS);
  });

  test('use third parties for DNS as the study counts, and critically so', async () => {
    expect(await concentration('DNS')).toMatchObject({
      dependentTotal: 72_601,
      criticalTotal: 70_884,
      vendors: { cloudflare: [23_520, 23_396], aws: [11_614, 11_411], godaddy: [4_235, 4_054] },
    });
  });

  test('use certificate authorities as the study counts, and critically so', async () => {
    expect(await concentration('CERTIFICATE_AUTHORITY')).toMatchObject({
      dependentTotal: 77_664,
      criticalTotal: 58_988,
      vendors: {
        digicertinc: [25_485, 21_378],
        "let'sencrypt": [20_879, 15_118],
        comodocalimited: [8_525, 4_928],
      },
    });
  });

  test('are as many in the list of dependents as are counted', async () => {
    const count = async (key: string, service: Service, criticalOnly: boolean) =>
      (await queries.dependentTotalsOf([key], { service, criticalOnly }, at)).get(key);
    expect(await count('imc2020:cloudflare', 'DNS', false)).toBe(23_520);
    expect(await count('imc2020:cloudflare', 'DNS', true)).toBe(23_396);
    expect(await count("imc2020:let'sencrypt", 'CERTIFICATE_AUTHORITY', false)).toBe(20_879);
    expect(await count("imc2020:let'sencrypt", 'CERTIFICATE_AUTHORITY', true)).toBe(15_118);
  });
});

describe('with the providers of IMC 2020', () => {
  const vendor = 'imc2020:dnsmadeeasy';
  const service = 'DNS';

  beforeAll(() => ingest(PROVIDERS, 88), 120_000);

  test('providers are dependents themselves', async () => {
    expect((await concentration(service)).vendors).toMatchObject({ cloudflare: [23_527, 23_400] });
    expect(await pipeline.problems()).toEqual([]);
  });

  test('some reach far more than they serve', async () => {
    const blast = (criticalOnly: boolean) => queries.blastRadius(vendor, { service, maxHops: 4, criticalOnly }, at);
    expect(await blast(false)).toEqual({
      total: 26_405,
      byDistance: [
        { distance: 1, organizations: 1_122 },
        { distance: 2, organizations: 25_283 },
      ],
    });
    expect(await blast(true)).toMatchObject({ total: 22_387, byDistance: [{ organizations: 1_004 }, {}] });
    const { edges } = await queries.concentrationRisk({ service, maxHops: 4 }, { first: 12, at });
    expect(edges.find(({ node }) => node.vendor.key === vendor)?.node).toMatchObject({
      direct: 1_122,
      directCritical: 1_004,
      reach: 26_405,
      reachCritical: 22_387,
    });
  });

  test('a portfolio sees its own vendors', async () => {
    const scope = { organizations: [], domains: ['ebay.com', 'google.com', 'amazon.com'] };
    const { dependentTotal, edges } = await queries.concentrationRisk({ scope, maxHops: 4 }, { first: 12, at });
    expect(dependentTotal).toBe(3);
    expect(edges[0]?.node).toMatchObject({ vendor: { key: 'imc2020:digicertinc' }, direct: 2, share: 2 / 3 });
  });

  describe('the figures of every provider, by a search of the rows', () => {
    beforeAll(() => Promise.all(consumers.map((consumer) => consumer.stop())));

    test('are what the study says', () => {
      expect(expected('imc2020:dnsmadeeasy', 'dns').counts).toEqual({
        direct: 1_122,
        directCritical: 1_004,
        reach: 26_405,
        reachCritical: 22_387,
      });
    });

    test('are given of each by the index', async () => {
      const facts = await loadFacts(pipeline.driver, (id) => knowledge.sources.get(id)?.rank ?? 99);
      const index = new ExposureIndex(facts, knowledge.sources);
      const compared = await compare(index.queries(), { most: Number.POSITIVE_INFINITY, every: 1 });
      process.stderr.write(`index: ${JSON.stringify(compared)} of ${uses.size} providers in ${KINDS.length} kinds\n`);
    }, 300_000);

    test('are given of the largest, and of a sample of all, by the database', async () => {
      const compared = await compare(queries, { most: EVERY === 1 ? Number.POSITIVE_INFINITY : 100, every: EVERY });
      process.stderr.write(
        `database: ${JSON.stringify(compared)} of ${uses.size} providers in ${KINDS.length} kinds\n`,
      );
    }, 7_200_000);
  });
});

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GraphAction } from '../../src/graph/actions.ts';
import type { Driver } from '../../src/graph/driver.ts';
import type { Service } from '../../src/identity/service.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import type { Dependency, ExposureQueries } from '../../src/queries/types.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { ExposureOracle } from '../support/exposure-oracle.ts';
import { complete, day, declaredSources, own, same, sight, stateUse, writeFacts } from '../support/facts.ts';

/** Whatever the facts, the database answers what the definitions say, worked out by trying everything. */

let driver: Driver;
let queries: ExposureQueries;

beforeAll(() => {
  driver = testDriver();
  queries = createNeo4jQueries({ driver, sources: declaredSources, timeout: 100_000 });
});
afterAll(() => driver.close());

const SITES = ['a.example', 'b.example', 'c.example', 'd.example', 'e.example'];
const NAMED = ['partner:p', 'partner:q', 'imc2020:r'];
const MAX_HOPS = 3;

const anyEnd = fc.oneof({ arbitrary: fc.constantFrom(...SITES), weight: 3 }, fc.constantFrom(...NAMED));
const anyService = fc.constantFrom<Service>('DNS', 'CDN', 'ANALYTICS');
const anyDay = fc.integer({ min: 0, max: 40 }).map(day);
const anyConfidence = fc.constantFrom(0.25, 0.5, 1);
const measurement = fc.constantFrom({}, {}, { critical: true }, { critical: false });

const sighting = fc
  .tuple(fc.constantFrom('zdns', 'webdep'), anyEnd, anyService, anyEnd, anyDay, anyConfidence, measurement)
  .map(([source, subject, service, object, on, confidence, measured]) =>
    sight(source, subject, service, object, on, { confidence, ...measured }),
  );
const stated = fc
  .tuple(
    fc.constantFrom('partner', 'analyst'),
    anyEnd,
    anyService,
    anyEnd,
    anyDay,
    anyConfidence,
    fc.boolean(),
    fc.nat(999),
  )
  .map(([source, subject, service, object, on, confidence, retracted, ms]) =>
    stateUse(source, subject, service, object, on + ms, { confidence, retracted }),
  );
const completed = fc
  .tuple(fc.constantFrom(...SITES), anyService, anyDay)
  .map(([site, service, on]) => complete('zdns', site, service, on));
const merged = fc
  .tuple(fc.constantFrom(...NAMED), fc.constantFrom(...NAMED), anyDay, fc.boolean(), fc.nat(999))
  .filter(([a, b]) => a !== b)
  .map(([a, b, on, retracted, ms]) => same('analyst', a, b, on + ms, { retracted }));
const owned = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...SITES), fc.constantFrom(...NAMED)), {
    selector: ([site]) => site,
    maxLength: 3,
  })
  .map((pairs) => pairs.map(([site, owner]) => own('partner', site, owner, day(1))));
const withdrawn = fc
  .option(anyDay, { freq: 4 })
  .map((before): GraphAction[] =>
    before === null ? [] : [{ type: 'withdraw-source', source: 'webdep', before, reason: 'a bad delivery' }],
  );

const claimed: fc.Arbitrary<GraphAction> = fc.oneof(
  { arbitrary: sighting, weight: 5 },
  { arbitrary: stated, weight: 3 },
  { arbitrary: completed, weight: 1 },
  { arbitrary: merged, weight: 1 },
);

/** Two statements of one claim at the same time are told apart by their ids, which is another test's matter. */
const timeOf = (action: GraphAction) => ('time' in action ? action.time : JSON.stringify(action));

const worlds = fc
  .tuple(fc.uniqueArray(claimed, { selector: timeOf, minLength: 5, maxLength: 40 }), owned, withdrawn)
  .map((parts): GraphAction[] => parts.flat());

const plain = (d: Dependency) => ({
  vendor: d.vendor.key,
  services: d.services,
  confidence: d.confidence,
  firstSeen: d.firstSeen,
  lastSeen: d.lastSeen,
  stale: d.stale,
  status: d.status,
});

const byVendor = (a: { vendor: string }, b: { vendor: string }) => (a.vendor < b.vendor ? -1 : 1);

/** Equal but for the last digit of a product. */
const rounded = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, v: unknown) =>
      typeof v === 'number' && !Number.isInteger(v) ? Number(v.toFixed(12)) : v,
    ),
  );

test('dependencies, dependents, reach, paths and concentration are what the definitions say', async () => {
  const filters = fc.record({
    service: fc.constantFrom<Service | undefined>(undefined, 'DNS'),
    criticalOnly: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(worlds, filters, fc.constantFrom(day(20), day(41), day(100)), async (actions, filter, at) => {
      await freshDatabase(driver);
      await writeFacts(driver, actions);
      const oracle = new ExposureOracle(actions);
      const keys = oracle.organizations();
      const page = { first: 100, at };

      const found = await queries.dependenciesOf(keys, {}, page);
      for (const key of keys) {
        const listed = found.get(key)?.edges.map(({ node }) => plain(node)) ?? [];
        expect([key, rounded(listed.sort(byVendor))]).toEqual([key, rounded(oracle.dependenciesOf(key, at))]);
      }

      const isListed = (key: string, vendor: string) => oracle.paths(key, vendor, 1, at, clean(filter)).length > 0;
      const dependents = await queries.dependentsOf(keys, { ...filter, orderBy: 'NAME' }, page);
      const totals = await queries.dependentTotalsOf(keys, filter, at);
      for (const vendor of keys) {
        const expected = keys.filter((key) => isListed(key, vendor));
        const listed = dependents.get(vendor)?.edges.map(({ node }) => node.dependent.key) ?? [];
        expect([vendor, listed.sort()]).toEqual([vendor, expected]);
        expect([vendor, totals.get(vendor)]).toEqual([vendor, expected.length]);
      }

      const distance = (from: string, to: string, isCritical = filter.criticalOnly) => {
        const [path] = oracle.paths(from, to, MAX_HOPS, at, clean({ ...filter, criticalOnly: isCritical }));
        return path && path.length - 1;
      };
      const [from = '', to = ''] = [keys[0], keys.at(-1)];
      const blast = await queries.blastRadiusOrganizations(to, { ...filter, maxHops: MAX_HOPS }, page);
      const reached = keys.flatMap((key) => (distance(key, to) === undefined ? [] : [[key, distance(key, to)]]));
      expect(blast.edges.map(({ node }) => [node.organization.key, node.distance]).sort()).toEqual(reached);
      const nth = await queries.nthParties(from, { ...filter, depth: MAX_HOPS }, page);
      const beyond = keys.flatMap((key) => ((distance(from, key) ?? 0) < 2 ? [] : [[key, distance(from, key)]]));
      expect(nth.edges.map(({ node }) => [node.organization.key, node.distance]).sort()).toEqual(beyond);

      const paths = await queries.exposurePaths({ from, to, ...filter, maxHops: MAX_HOPS }, page);
      expect(paths.edges.map(({ cursor }) => cursor.key)).toEqual(oracle.paths(from, to, MAX_HOPS, at, clean(filter)));

      for (const scope of [undefined, { organizations: [from], domains: ['b.example'] }]) {
        const members = scope === undefined ? keys : [...new Set([from, ownerOfB(oracle)])];
        const risk = await queries.concentrationRisk(
          { ...filter, criticalOnly: false, maxHops: MAX_HOPS, scope },
          page,
        );
        const count = (vendor: string, hops: number, isCritical: boolean) =>
          members.filter(
            (key) => oracle.paths(key, vendor, hops, at, clean({ ...filter, criticalOnly: isCritical })).length > 0,
          ).length;
        const expected = keys
          .map((vendor) => ({
            vendor,
            direct: count(vendor, 1, false),
            directCritical: count(vendor, 1, true),
            reach: count(vendor, MAX_HOPS, false),
            reachCritical: count(vendor, MAX_HOPS, true),
          }))
          .filter(({ direct }) => direct > 0)
          .sort((a, b) => b.direct - a.direct || byVendor(a, b));
        expect(
          risk.edges.map(({ node: { vendor, share: _, ...counts } }) => ({ vendor: vendor.key, ...counts })),
        ).toEqual(expected);
        const any = (isCritical: boolean) =>
          members.filter((key) =>
            keys.some(
              (vendor) => oracle.paths(key, vendor, 1, at, clean({ ...filter, criticalOnly: isCritical })).length > 0,
            ),
          ).length;
        expect([risk.dependentTotal, risk.criticalTotal]).toEqual([any(false), any(true)]);
      }
    }),
    { numRuns: 15 },
  );
}, 600_000);

function clean(filter: { service: Service | undefined; criticalOnly: boolean }): {
  service?: Service;
  criticalOnly: boolean;
} {
  const { service, criticalOnly } = filter;
  return service === undefined ? { criticalOnly } : { service, criticalOnly };
}

const ownerOfB = (oracle: ExposureOracle): string => oracle.ownerOf({ kind: 'domain', name: 'b.example' });

import { expect } from 'vitest';
import type { GraphAction } from '../../src/graph/actions.ts';
import type { Service } from '../../src/identity/service.ts';
import type { Dependency, ExposureQueries } from '../../src/queries/types.ts';
import { ExposureOracle } from './exposure-oracle.ts';

const MAX_HOPS = 3;

export type DefinedQueries = Pick<
  ExposureQueries,
  | 'dependenciesOf'
  | 'dependentsOf'
  | 'dependentTotalsOf'
  | 'blastRadiusOrganizations'
  | 'nthParties'
  | 'exposurePaths'
  | 'concentrationRisk'
>;

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

/** Fails unless the engine answers what the definitions say, worked out by trying everything. */
export async function expectDefinitions(
  queries: DefinedQueries,
  actions: readonly GraphAction[],
  filter: { readonly service: Service | undefined; readonly criticalOnly: boolean },
  at: number,
): Promise<void> {
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
    const risk = await queries.concentrationRisk({ ...filter, criticalOnly: false, maxHops: MAX_HOPS, scope }, page);
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
    expect(risk.edges.map(({ node: { vendor, share: _, ...counts } }) => ({ vendor: vendor.key, ...counts }))).toEqual(
      expected,
    );
    const any = (isCritical: boolean) =>
      members.filter((key) =>
        keys.some(
          (vendor) => oracle.paths(key, vendor, 1, at, clean({ ...filter, criticalOnly: isCritical })).length > 0,
        ),
      ).length;
    expect([risk.dependentTotal, risk.criticalTotal]).toEqual([any(false), any(true)]);
  }
}

/** Fails unless what is listed as dismissed is what the definitions say. */
export async function expectDismissed(
  queries: Pick<ExposureQueries, 'dependenciesOf' | 'dependencyTotalsOf'>,
  actions: readonly GraphAction[],
  at: number,
): Promise<number> {
  const oracle = new ExposureOracle(actions);
  const keys = oracle.organizations();
  const found = await queries.dependenciesOf(keys, { dismissed: true }, { first: 100, at });
  const totals = await queries.dependencyTotalsOf(keys, { dismissed: true }, at);
  let listed = 0;
  for (const key of keys) {
    const expected = oracle.dismissedOf(key, at);
    const shown = found.get(key)?.edges.map(({ node }) => plain(node)) ?? [];
    expect([key, rounded(shown.sort(byVendor))]).toEqual([key, rounded(expected)]);
    expect([key, totals.get(key)]).toEqual([key, expected.length]);
    listed += expected.length;
  }
  return listed;
}

function clean(filter: { service: Service | undefined; criticalOnly: boolean }): {
  service?: Service;
  criticalOnly: boolean;
} {
  const { service, criticalOnly } = filter;
  return service === undefined ? { criticalOnly } : { service, criticalOnly };
}

const ownerOfB = (oracle: ExposureOracle): string => oracle.ownerOf({ kind: 'domain', name: 'b.example' });

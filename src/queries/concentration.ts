import { AppError } from '../errors.ts';
import { integer } from '../graph/driver.ts';
import {
  countVendors,
  type RankedVendor,
  type RankingFilter,
  type RankingRow,
  rankVendors,
  rankVendorsOfScope,
  servicesOf,
} from '../graph/statements/concentration.ts';
import type { Service } from '../identity/service.ts';
import type { QueryContext } from './context.ts';
import { Cut, createBackwardHops, createForwardHops } from './hops.ts';
import { canonicalKeys, toOrganization } from './organization.ts';
import { cursorKey, instantOf, toPage } from './page.ts';
import { countReaching, isInner, isLast, loadForward, reachBackwards, reversed } from './reach.ts';
import { mostWithin } from './share.ts';
import type { Bound, ConcentrationArgs, ExposureQueries, PageRequest, Scope, VendorArgs } from './types.ts';

type Concentrations = Pick<ExposureQueries, 'concentrationRisk' | 'vendors' | 'vendorTotal'>;
type Identity = Pick<ExposureQueries, 'organizations' | 'ownersOf'>;

/** On whom many depend. */
export function createConcentrationQueries(context: QueryContext, queries: Identity): Concentrations {
  const { reader, judge } = context;

  async function rank(filter: RankingFilter, scope: readonly string[] | undefined, page: PageRequest) {
    const [afterValue = null, afterKey = null] = cursorKey(page, filter.byName ? 'string' : 'number', 'string') ?? [];
    // One row more for the totals, and one that tells whether there is a next page.
    const params = { ...judge(instantOf(page)), ...filter, afterValue, afterKey, limit: integer(page.first + 2) };
    const rows: readonly RankingRow[] =
      scope === undefined
        ? await reader.read(rankVendors, params)
        : await reader.read(rankVendorsOfScope, { ...params, scope });
    const [everybody] = rows;
    return {
      dependentTotal: everybody?.direct ?? 0,
      criticalTotal: everybody?.directCritical ?? 0,
      vendors: rows.filter((row): row is RankedVendor => row.vendor !== null),
    };
  }

  return {
    async concentrationRisk(args, page) {
      const scope = args.scope && (await members(queries, args.scope));
      const filter = rankingFilter(args, args.criticalOnly === true ? 1 : 0);
      const most = await mostDependents(args, () => rank(filter, scope, { first: 1, at: instantOf(page) }));
      const row = await rank({ ...filter, maxDependents: most }, scope, page);
      const vendors = row.vendors.slice(0, page.first).map(({ vendor }) => vendor);
      const reach =
        args.withReach === false ? undefined : await reachOf(context, vendors, args, scope, instantOf(page));
      const listed = toPage(
        row.vendors,
        page,
        (ranked) => ({
          vendor: toOrganization(ranked.vendor, ranked.vendorName),
          direct: ranked.direct,
          directCritical: ranked.directCritical,
          reach: reach?.all.get(ranked.vendor),
          reachCritical: reach?.critical.get(ranked.vendor),
          share: ranked.direct / row.dependentTotal,
        }),
        position,
      );
      const { dependentTotal, criticalTotal } = row;
      return { ...listed, dependentTotal, criticalTotal };
    },

    async vendors(args, page) {
      const { vendors } = await rank(vendorFilter(args), undefined, page);
      const keys = vendors.slice(0, page.first).map(({ vendor }) => vendor);
      const used = keys.length === 0 ? [] : await reader.read(servicesOf, { ...judge(instantOf(page)), keys });
      const services = new Map(used.map((row) => [row.key, [...row.services].sort() as Service[]]));
      return toPage(
        vendors,
        page,
        (ranked) => ({
          organization: toOrganization(ranked.vendor, ranked.vendorName),
          dependents: ranked.direct,
          criticalDependents: ranked.directCritical,
          services: services.get(ranked.vendor) ?? [],
        }),
        position,
      );
    },

    async vendorTotal(args, at) {
      const [row] = await reader.read(countVendors, { ...judge(at), ...vendorFilter(args) });
      return row?.total ?? 0;
    },
  };
}

/** What `maxShare` means in numbers; the total that it is a share of is asked for first. */
async function mostDependents(
  { maxShare }: ConcentrationArgs,
  totals: () => Promise<{ readonly dependentTotal: number }>,
): Promise<RankingFilter['maxDependents']> {
  return maxShare === undefined ? null : integer(mostWithin(maxShare, (await totals()).dependentTotal));
}

/** Vendors on which more than this share of everybody with any dependency depend. */
export async function ubiquitousVendors(
  { reader, judge }: QueryContext,
  maxShare: number | undefined,
  at: number,
): Promise<ReadonlySet<string>> {
  if (maxShare === undefined) return new Set();
  const filter = rankingFilter({}, 0);
  const all = { ...judge(at), ...filter, afterValue: null, afterKey: null };
  const [everybody] = await reader.read(rankVendors, { ...all, limit: integer(1) });
  const most = mostWithin(maxShare, everybody?.direct ?? 0);
  // Few: their shares add up to no more than the vendors that one organization has on average.
  const rows = await reader.read(rankVendors, {
    ...all,
    minDependents: integer(most + 1),
    limit: integer(MOST_UBIQUITOUS),
  });
  return new Set(rows.flatMap(({ vendor }) => (vendor === null ? [] : [vendor])));
}

const MOST_UBIQUITOUS = 100_000;

const position = ({ sortValue, vendor }: RankedVendor): readonly [string | number, string] => [sortValue, vendor];

function rankingFilter({ service }: Pick<ConcentrationArgs, 'service'>, minCritical: number): RankingFilter {
  return {
    service: service ?? null,
    minDependents: integer(0),
    maxDependents: null,
    minCritical: integer(minCritical),
    nameContains: null,
    byName: false,
  };
}

function vendorFilter(args: VendorArgs): RankingFilter {
  return {
    ...rankingFilter(args, 0),
    minDependents: integer(Math.ceil(args.minDependents ?? 0)),
    nameContains: args.nameContains?.toLowerCase() ?? null,
    byName: args.orderBy === 'NAME',
  };
}

/** The canonical organizations in scope; a domain that the graph does not know stands for nobody. */
async function members(queries: Identity, { organizations, domains }: Scope): Promise<string[]> {
  const [keys, owners] = await Promise.all([canonicalKeys(queries, organizations), queries.ownersOf(domains)]);
  return [...new Set([...keys, ...[...owners.values()].map(({ key }) => key)])];
}

type Counts = ReadonlyMap<string, number>;

/**
 * How many organizations in scope reach each vendor, by any path and by critical ones. Counts are exact or absent.
 * @throws AppError QUERY_TIMEOUT, LIMIT_EXCEEDED where that would take more than one answer may
 */
async function reachOf(
  context: QueryContext,
  vendors: readonly string[],
  args: ConcentrationArgs,
  scope: readonly string[] | undefined,
  at: number,
): Promise<{ all: Counts; critical: Counts }> {
  if (scope !== undefined) {
    return whole(() => reachOfScope(context, vendors, args, scope, at));
  }
  const all = await whole(() => reachOfAll(context, vendors, args, false, at));
  return { all, critical: await whole(() => reachOfAll(context, vendors, args, true, at)) };
}

async function whole<T>(explore: () => Promise<T>): Promise<T> {
  try {
    return await explore();
  } catch (error) {
    throw error instanceof Cut ? asError(error.bound) : error;
  }
}

function asError(bound: Bound): AppError {
  return bound === 'TIME'
    ? new AppError('QUERY_TIMEOUT', 'Counting who reaches these vendors took longer than its time limit.')
    : new AppError('LIMIT_EXCEEDED', 'Too many organizations reach these vendors to be counted in one answer.', {
        bound,
      });
}

/** Backwards from each vendor: there is no end to begin at but the vendor's. */
async function reachOfAll(
  { reader, judge }: QueryContext,
  vendors: readonly string[],
  { service, maxHops }: ConcentrationArgs,
  criticalOnly: boolean,
  at: number,
): Promise<Counts> {
  const hops = createBackwardHops({ reader, judge }, at, criticalOnly);
  const counts = new Map<string, number>();
  await hops(vendors, service ?? null);
  for (const vendor of vendors) {
    const distances = new Map<string, number>();
    await reachBackwards(vendor, maxHops, service ?? null, hops, distances);
    counts.set(vendor, distances.size);
  }
  return counts;
}

/** Forwards from the members, who use few, and then back from each vendor over what was read. */
async function reachOfScope(
  { reader, judge }: QueryContext,
  vendors: readonly string[],
  { service, maxHops }: ConcentrationArgs,
  scope: readonly string[],
  at: number,
): Promise<{ all: Counts; critical: Counts }> {
  const hops = createForwardHops({ reader, judge }, at);
  const members = new Set(scope);
  await loadForward(scope, maxHops, { service: service ?? null, criticalOnly: false }, hops);
  const count = (criticalOnly: boolean): Counts => {
    const filter = { service: service ?? null, criticalOnly };
    const last = reversed(hops.of, (hop) => isLast(hop, filter));
    const inner = reversed(hops.of, (hop) => isInner(hop, filter));
    return new Map(vendors.map((vendor) => [vendor, countReaching(vendor, maxHops, members, last, inner)]));
  };
  return { all: count(false), critical: count(true) };
}

import { statement } from '../statement.ts';
import {
  after,
  IN_FORCE,
  type Int,
  type Judgement,
  judged,
  type Keyset,
  nameOf,
  nodesOf,
  organizationOf,
  owner,
  WITHDRAWN,
} from './deduction.ts';

/** Vendors by how many organizations depend on them: one aggregation over the claims of all, or of those in scope. */

const OF_ALL = `MATCH (s)-[r:USES]->(o) WHERE ($service IS NULL OR r.service = $service) AND ${IN_FORCE}`;
const OF_SCOPE = `UNWIND $scope AS member
${nodesOf('member', 's')}
MATCH (s)-[r:USES]->(o) WHERE ($service IS NULL OR r.service = $service) AND ${IN_FORCE}`;

/** One row for each vendor, with `direct`, `directCritical` and `vendorName` (only looked up where it is needed). */
const ranking = (claims: string) => `${WITHDRAWN}
${claims}
${judged('1 AS everybody')}
${owner('s', 'sw')}
WITH ${organizationOf('s', 'sw')} AS dependent, vendor, max(critical) AS critical
WHERE dependent <> vendor
WITH dependent, collect([vendor, critical]) AS hops, max(critical) AS critical
WITH count(*) AS dependentTotal, coalesce(sum(critical), 0) AS criticalTotal, collect(hops) AS all
CALL (all) {
  UNWIND all AS hops
  UNWIND hops AS hop
  WITH hop[0] AS vendor, count(*) AS direct, sum(hop[1]) AS directCritical
  WHERE direct >= $minDependents AND directCritical >= $minCritical
  WITH vendor, direct, directCritical,
    CASE WHEN $byName OR $nameContains IS NOT NULL THEN toLower(${nameOf('vendor')}) END AS lowerName
  WHERE $nameContains IS NULL OR lowerName CONTAINS $nameContains`;

const PAGE = `
  WITH vendor, direct, directCritical, CASE WHEN $byName THEN lowerName ELSE -direct END AS sortValue
  WHERE ${after('sortValue', 'vendor')}
  WITH * ORDER BY sortValue, vendor LIMIT $limit
  RETURN collect({vendor: vendor, vendorName: ${nameOf('vendor')}, direct: direct, directCritical: directCritical,
    sortValue: sortValue}) AS vendors
}
RETURN dependentTotal, criticalTotal, vendors`;

export interface RankingFilter {
  readonly service: string | null;
  readonly minDependents: Int;
  readonly minCritical: Int;
  /** In lower case. */
  readonly nameContains: string | null;
  /** By name instead of by `direct`, descending. */
  readonly byName: boolean;
}

export interface RankedVendor {
  readonly vendor: string;
  readonly vendorName: string;
  readonly direct: number;
  readonly directCritical: number;
  readonly sortValue: string | number;
}

export interface RankingRow {
  readonly dependentTotal: number;
  readonly criticalTotal: number;
  readonly vendors: readonly RankedVendor[];
}

type RankingParams = Judgement & RankingFilter & Keyset;

export const rankVendors = statement<RankingParams, RankingRow>('concentration.rankVendors', ranking(OF_ALL) + PAGE);

export const rankVendorsOfScope = statement<RankingParams & { scope: readonly string[] }, RankingRow>(
  'concentration.rankVendorsOfScope',
  ranking(OF_SCOPE) + PAGE,
);

export const countVendors = statement<Judgement & RankingFilter, { total: number }>(
  'concentration.countVendors',
  `${ranking(OF_ALL)}
  RETURN count(*) AS total
}
RETURN total`,
);

/** All that each organization is used for by others. */
export const servicesOf = statement<Judgement & { keys: readonly string[] }, { key: string; services: readonly string[] }>(
  'concentration.servicesOf',
  `${WITHDRAWN}
UNWIND $keys AS key
CALL (key, withdrawn) {
  ${nodesOf('key', 'o')}
  MATCH (o)<-[r:USES]-(s) WHERE ${IN_FORCE}
  ${owner('s', 'sw')}
  WITH key, r, ${organizationOf('s', 'sw')} AS dependent
  WHERE dependent <> key
  RETURN collect(DISTINCT r.service) AS services
}
RETURN key, services`,
);

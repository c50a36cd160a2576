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

/**
 * One row for each vendor, with `direct` and `directCritical`, and one without a vendor, which counts everybody who has
 * any (critical) dependency: so both come from one pass, and nothing is collected.
 */
const ranking = (claims: string) => `${WITHDRAWN}
${claims}
${judged('1 AS everybody')}
${owner('s', 'sw')}
WITH ${organizationOf('s', 'sw')} AS dependent, vendor, max(critical) AS critical
WHERE dependent <> vendor
WITH dependent, collect([vendor, critical]) AS hops, max(critical) AS critical
UNWIND hops + [[null, critical]] AS hop
WITH hop[0] AS vendor, count(*) AS direct, sum(hop[1]) AS directCritical
WITH vendor, direct, directCritical,
  CASE WHEN $byName OR $nameContains IS NOT NULL THEN toLower(${nameOf('vendor')}) END AS lowerName`;

const LISTED = `direct >= $minDependents AND directCritical >= $minCritical AND ($maxDependents IS NULL OR direct <= $maxDependents)
  AND ($nameContains IS NULL OR lowerName CONTAINS $nameContains)`;

const PAGE = `
WITH vendor, direct, directCritical, lowerName, CASE WHEN $byName THEN lowerName ELSE -direct END AS sortValue
WHERE vendor IS NULL OR (${LISTED} AND ${after('sortValue', 'vendor')})
WITH * ORDER BY vendor IS NOT NULL, sortValue, vendor LIMIT $limit
RETURN vendor, CASE WHEN vendor IS NOT NULL THEN ${nameOf('vendor')} END AS vendorName, direct, directCritical, sortValue
ORDER BY vendor IS NOT NULL, sortValue, vendor`;

export interface RankingFilter {
  readonly service: string | null;
  readonly minDependents: Int;
  readonly maxDependents: Int | null;
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

/** The first row counts everybody; there is none where nobody depends on anything. */
export type RankingRow =
  | RankedVendor
  | (Omit<RankedVendor, 'vendor' | 'vendorName'> & { vendor: null; vendorName: null });

type RankingParams = Judgement & RankingFilter & Keyset;

export const rankVendors = statement<RankingParams, RankingRow>('concentration.rankVendors', ranking(OF_ALL) + PAGE);

export const rankVendorsOfScope = statement<RankingParams & { scope: readonly string[] }, RankingRow>(
  'concentration.rankVendorsOfScope',
  ranking(OF_SCOPE) + PAGE,
);

export const countVendors = statement<Judgement & RankingFilter, { total: number }>(
  'concentration.countVendors',
  `${ranking(OF_ALL)}
WHERE vendor IS NOT NULL AND ${LISTED}
RETURN count(*) AS total`,
);

/** All that each organization is used for by others. */
export const servicesOf = statement<
  Judgement & { keys: readonly string[] },
  { key: string; services: readonly string[] }
>(
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

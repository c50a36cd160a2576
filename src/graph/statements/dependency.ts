import { statement } from '../statement.ts';
import {
  after,
  combined,
  IN_FORCE,
  type Judgement,
  judged,
  type Keyset,
  nameOf,
  nodesOf,
  organizationOf,
  owner,
  STANDING,
  WEIGHT,
  WITHDRAWN,
} from './deduction.ts';

export interface DependencyFilterParams {
  readonly service: string | null;
  readonly minConfidence: number | null;
}

export interface DependencyRow {
  readonly dependent: string;
  readonly dependentName: string;
  readonly vendor: string;
  readonly vendorName: string;
  readonly services: readonly {
    readonly service: string;
    readonly critical: number;
    readonly confidence: number;
    readonly claims: number;
  }[];
  readonly confidence: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** 1 where a claim is fresh. */
  readonly fresh: number;
  /** As `STANDING` says: 0 to 2. */
  readonly standing: number;
  readonly sortValue: string | number;
}

const CLAIM = `collect({source: r.source, weight: ${WEIGHT}, fresh: isFresh, standing: ${STANDING},
  firstSeen: r.firstSeen, lastSeen: r.lastSeen})`;

/** All dependencies of the organization `key`, whole: one row for each vendor, of the claims that count. */
export const dependenciesBy = (counts: string): string => `${nodesOf('key', 's')}
  MATCH (s)-[r:USES]->(o) WHERE ${counts}
  ${judged('key', CLAIM)}
  WHERE vendor <> key
  UNWIND claims AS c
  WITH vendor, service, c.source AS source, max(critical) AS critical, max(c.weight) AS weight, count(*) AS claims,
    max(c.fresh) AS fresh, max(c.standing) AS standing, min(c.firstSeen) AS firstSeen, max(c.lastSeen) AS lastSeen
  WITH vendor, service, max(critical) AS critical, collect({source: source, weight: weight}) AS weights,
    sum(claims) AS claims, max(fresh) AS fresh, max(standing) AS standing, min(firstSeen) AS firstSeen,
    max(lastSeen) AS lastSeen
  WITH vendor, collect({service: service, critical: critical, claims: claims, confidence: ${combined('weights')}})
      AS services, reduce(all = [], w IN collect(weights) | all + w) AS weights, max(fresh) AS fresh,
    max(standing) AS standing, min(firstSeen) AS firstSeen, max(lastSeen) AS lastSeen
  WITH vendor, services, ${combined('weights')} AS confidence, fresh, standing, firstSeen, lastSeen`;

export const LISTED = `($service IS NULL OR any(u IN services WHERE u.service = $service))
    AND (NOT $criticalOnly OR any(u IN services WHERE u.critical = 1 AND ($service IS NULL OR u.service = $service)))
    AND ($minConfidence IS NULL OR confidence >= $minConfidence)`;

/** What a listing is ordered by, ascending; the name is looked up only where it is asked for. */
const sortValue = (
  key: string,
): string => `CASE $orderBy WHEN 'CONFIDENCE' THEN -confidence WHEN 'LAST_SEEN' THEN -lastSeen
    ELSE toLower(${nameOf(`CASE $orderBy WHEN 'NAME' THEN ${key} ELSE '' END`)}) END`;

type Listing = Judgement & DependencyFilterParams & Keyset & { readonly orderBy: string };

/** A page of each organization's dependencies. `found` opens a subquery of `key`, and leaves rows to choose from. */
export const dependenciesPage = (name: string, found: string) =>
  statement<
    Listing & { keys: readonly string[]; criticalOnly: boolean },
    { key: string; rows: readonly DependencyRow[] }
  >(
    name,
    `${WITHDRAWN}
UNWIND $keys AS key
${found}
  WITH *, ${sortValue('vendor')} AS sortValue
  WHERE ${after('sortValue', 'vendor')}
  WITH * ORDER BY sortValue, vendor LIMIT $limit
  RETURN collect({dependent: key, dependentName: ${nameOf('key')}, vendor: vendor, vendorName: ${nameOf('vendor')},
    services: services, confidence: confidence, firstSeen: firstSeen, lastSeen: lastSeen, fresh: fresh,
    standing: standing, sortValue: sortValue}) AS rows
}
RETURN key, rows`,
  );

export const dependencyTotals = (name: string, found: string) =>
  statement<
    Judgement & DependencyFilterParams & { keys: readonly string[]; criticalOnly: boolean },
    { key: string; total: number }
  >(
    name,
    `${WITHDRAWN}
UNWIND $keys AS key
${found}
  RETURN count(*) AS total
}
RETURN key, total`,
  );

const COUNTING = `CALL (key, withdrawn) {
  ${dependenciesBy(IN_FORCE)}
  WHERE ${LISTED}`;

export const dependenciesOf = dependenciesPage('dependency.dependenciesOf', COUNTING);
export const dependencyTotalsOf = dependencyTotals('dependency.dependencyTotalsOf', COUNTING);

/** Ends the subquery of `key` that has found some, and gives them. */
export const WHOLE = `  RETURN vendor, services, confidence, fresh, standing, firstSeen, lastSeen
}
RETURN key AS dependent, ${nameOf('key')} AS dependentName, vendor, ${nameOf('vendor')} AS vendorName, services,
  confidence, fresh, standing, firstSeen, lastSeen`;

/** Dependencies by their two ends; the dependent's own claims are few, whatever the vendor. */
export const dependencies = statement<
  Judgement & { asked: readonly { dependent: string; vendors: readonly string[] }[] },
  Omit<DependencyRow, 'sortValue'>
>(
  'dependency.dependencies',
  `${WITHDRAWN}
UNWIND $asked AS ask
WITH withdrawn, ask.dependent AS key, ask.vendors AS vendors
CALL (key, vendors, withdrawn) {
  ${dependenciesBy(IN_FORCE)}, vendors
  WHERE vendor IN vendors
${WHOLE}`,
);

/** Who has a dependency on the organization `key`: the vendor's claims first, since they choose. */
const DEPENDENTS = `${nodesOf('key', 'o')}
  MATCH (o)<-[r:USES]-(s) WHERE ${IN_FORCE}
  ${owner('s', 'sw')}
  WITH key, withdrawn, s, r, ${organizationOf('s', 'sw')} AS dependent
  WHERE dependent <> key`;

/** Whether the subject `s` cannot do without the vendor `key` for the service `what`: asks for all that it uses for it. */
const HOP_IS_CRITICAL = `CALL (key, withdrawn, s, what) {
    MATCH (s)-[r:USES]->(o) WHERE r.service = what AND ${IN_FORCE}
    ${judged('key')}
    WHERE vendor = key
    RETURN coalesce(max(critical), 0) AS critical
  }`;

const CLAIMS = `WITH dependent, collect({source: r.source, weight: ${WEIGHT}}) AS weights,
    collect(DISTINCT r.service) AS services, max(r.lastSeen) AS lastSeen`;

const CRITICAL_CLAIMS = `WITH key, withdrawn, s, dependent, r.service AS what,
    collect({source: r.source, weight: ${WEIGHT}}) AS weights, max(r.lastSeen) AS lastSeen
  ${HOP_IS_CRITICAL}
  WITH dependent, reduce(all = [], w IN collect(weights) | all + w) AS weights, collect(DISTINCT what) AS services,
    max(lastSeen) AS lastSeen, max(CASE WHEN $service IS NULL OR what = $service THEN critical END) AS critical
  WHERE critical = 1
  WITH dependent, weights, services, lastSeen`;

const CHOSEN = `WHERE $service IS NULL OR $service IN services
  WITH dependent, lastSeen, ${combined('weights')} AS confidence
  WHERE $minConfidence IS NULL OR confidence >= $minConfidence`;

const dependentsPage = (name: string, claims: string) =>
  statement<
    Listing & { keys: readonly string[] },
    { key: string; rows: readonly { dependent: string; sortValue: string | number }[] }
  >(
    name,
    `${WITHDRAWN}
UNWIND $keys AS key
CALL (key, withdrawn) {
  ${DEPENDENTS}
  ${claims}
  ${CHOSEN}
  WITH dependent, ${sortValue('dependent')} AS sortValue
  WHERE ${after('sortValue', 'dependent')}
  WITH dependent, sortValue ORDER BY sortValue, dependent LIMIT $limit
  RETURN collect({dependent: dependent, sortValue: sortValue}) AS rows
}
RETURN key, rows`,
  );

/** A page of who depends on each organization: whom to ask `dependencies` for. */
export const dependentsOf = dependentsPage('dependency.dependentsOf', CLAIMS);
export const criticalDependentsOf = dependentsPage('dependency.criticalDependentsOf', CRITICAL_CLAIMS);

const dependentTotals = (name: string, claims: string) =>
  statement<Judgement & DependencyFilterParams & { keys: readonly string[] }, { key: string; total: number }>(
    name,
    `${WITHDRAWN}
UNWIND $keys AS key
CALL (key, withdrawn) {
  ${DEPENDENTS}
  ${claims}
  ${CHOSEN}
  RETURN count(*) AS total
}
RETURN key, total`,
  );

export const dependentTotalsOf = dependentTotals('dependency.dependentTotalsOf', CLAIMS);
export const criticalDependentTotalsOf = dependentTotals('dependency.criticalDependentTotalsOf', CRITICAL_CLAIMS);

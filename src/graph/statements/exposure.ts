import { statement } from '../statement.ts';
import { IN_FORCE, type Judgement, judged, nodesOf, organizationOf, owner, WITHDRAWN } from './deduction.ts';

/** Hops between organizations, level by level: what the questions beyond the first hop are made of. */

export interface HopsFromRow {
  readonly key: string;
  /** `[vendor, services, services that it is critical for]` */
  readonly hops: readonly (readonly [string, readonly string[], readonly string[]])[];
}

/** What each organization depends on; only the hops to `only` where that is given. */
export const hopsFrom = statement<Judgement & { keys: readonly string[]; only: string | null }, HopsFromRow>(
  'exposure.hopsFrom',
  `${WITHDRAWN}
UNWIND $keys AS key
CALL (key, withdrawn) {
  ${nodesOf('key', 's')}
  MATCH (s)-[r:USES]->(o) WHERE ${IN_FORCE}
  ${judged('key')}
  WHERE vendor <> key AND ($only IS NULL OR vendor = $only)
  WITH vendor, service, max(critical) AS critical
  WITH vendor, collect(service) AS services, collect(CASE critical WHEN 1 THEN service END) AS criticalServices
  RETURN collect([vendor, services, criticalServices]) AS hops
}
WITH key, hops WHERE size(hops) > 0
RETURN key, hops`,
);

export interface HopsIntoRow {
  readonly key: string;
  /** Dependents that something may depend on in turn. */
  readonly inner: readonly string[];
  /** Dependents that nothing depends on: domains that nobody owns and nobody ever used. */
  readonly leaves: readonly string[];
}

type HopsIntoParams = Judgement & { keys: readonly string[]; service: string | null };

const hopsIntoBy = (name: string, chosen: string) =>
  statement<HopsIntoParams, HopsIntoRow>(
    name,
    `${WITHDRAWN}
UNWIND $keys AS key
CALL (key, withdrawn) {
  ${nodesOf('key', 'o')}
  MATCH (o)<-[r:USES]-(s) WHERE ($service IS NULL OR r.service = $service) AND ${IN_FORCE}
  ${chosen}
  ${owner('s', 'sw')}
  WITH DISTINCT key, ${organizationOf('s', 'sw')} AS dependent, sw IS NULL AND s:Domain AND NOT s:Vendor AS isLeaf
  WHERE dependent <> key
  RETURN collect(CASE WHEN NOT isLeaf THEN dependent END) AS inner, collect(CASE WHEN isLeaf THEN dependent END) AS leaves
}
WITH key, inner, leaves WHERE size(inner) + size(leaves) > 0
RETURN key, inner, leaves`,
  );

/** Who depends on each organization, for the service where one is given. */
export const hopsInto = hopsIntoBy('exposure.hopsInto', 'WITH DISTINCT key, s');

/** Who critically depends on each organization: for the service where one is given, else for some service. */
export const criticalHopsInto = hopsIntoBy(
  'exposure.criticalHopsInto',
  `WITH DISTINCT key, withdrawn, s, r.service AS what
  MATCH (s)-[r:USES]->(o) WHERE r.service = what AND ${IN_FORCE}
  ${judged('key')}
  WHERE vendor = key AND critical = 1
  WITH DISTINCT key, s`,
);

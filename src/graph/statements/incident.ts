import { statement } from '../statement.ts';
import { type Int, nodesOf, reference } from './deduction.ts';

export interface IncidentProperties {
  readonly key: string;
  readonly source: string;
  readonly time: number;
  readonly kind: string;
  readonly title: string;
  readonly description: string;
  readonly occurred: string;
  readonly occurredPrecision: string;
  readonly reportedAt: number;
  readonly affectedCount?: number;
  readonly dataClasses: readonly string[];
  readonly verified: boolean;
  readonly fabricated: boolean;
  readonly document: string;
  readonly record: string;
}

export interface IncidentRow {
  readonly properties: IncidentProperties;
  /** Each `domain:<name>`, or an organization's key. */
  readonly affects: readonly string[];
}

interface IncidentKeyset {
  /** Report time and key of the last incident of the page before. */
  readonly afterReported: Int;
  readonly afterKey: string;
  readonly limit: Int;
}

const INCIDENT = `properties(i) AS properties, [(i)-[:AFFECTS]->(x) | ${reference('x')}] AS affects`;
const NEWEST_FIRST = `i.reportedAt DESC, i.key`;
const AFTER = `i.reportedAt <= $afterReported AND (i.reportedAt < $afterReported OR i.key > $afterKey)`;

/** Incidents, the newest report first. */
export const incidents = statement<
  IncidentKeyset & {
    since: Int;
    until: Int;
    kind: string | null;
    source: string | null;
    verified: boolean | null;
  },
  IncidentRow
>(
  'incident.list',
  `MATCH (i:Incident)
WHERE i.reportedAt >= $since AND i.reportedAt < $until AND ${AFTER}
  AND ($kind IS NULL OR i.kind = $kind) AND ($source IS NULL OR i.source = $source)
  AND ($verified IS NULL OR i.verified = $verified)
WITH i ORDER BY ${NEWEST_FIRST} LIMIT $limit
RETURN ${INCIDENT} ORDER BY ${NEWEST_FIRST}`,
);

export const incidentsByKey = statement<{ keys: readonly string[] }, IncidentRow>(
  'incident.byKey',
  `UNWIND $keys AS key MATCH (i:Incident {key: key}) RETURN ${INCIDENT}`,
);

/** A page of the incidents that name each organization, what it absorbed, or a domain of theirs. */
export const incidentsOf = statement<
  IncidentKeyset & { keys: readonly string[] },
  { key: string; incidents: readonly IncidentRow[] }
>(
  'incident.ofOrganizations',
  `UNWIND $keys AS key
CALL (key) {
  ${nodesOf('key', 'n')}
  MATCH (n)<-[:AFFECTS]-(i:Incident) WHERE ${AFTER}
  WITH DISTINCT i ORDER BY ${NEWEST_FIRST} LIMIT $limit
  RETURN collect({properties: properties(i), affects: [(i)-[:AFFECTS]->(x) | ${reference('x')}]}) AS incidents
}
RETURN key, incidents`,
);

import { statement } from '../statement.ts';
import { type Int, organizationOf, owner } from './deduction.ts';

type None = Record<string, never>;

export interface WatchedRow {
  readonly key: string;
  readonly changedAt: number;
  readonly tenant: string;
  readonly id: string;
  readonly alertDepth: number;
  /** When that was said. */
  readonly alertDepthAt: number;
  /** What it follows, as it was named, and since when: `domain:<name>`, or an organization's key. */
  readonly references: readonly (readonly [reference: string, since: number])[];
}

const WATCHED = `WHERE p.createdAt IS NOT NULL AND p.deletedAt IS NULL
RETURN p.key AS key, p.changedAt AS changedAt, p.tenant AS tenant, p.id AS id, p.alertDepth AS alertDepth, p.alertDepthAt AS alertDepthAt,
  [(p)-[:HAS]->(f:Following) WHERE f.isFollowed |
    [CASE f.kind WHEN 'domain' THEN 'domain:' + f.name ELSE f.name END, f.time]] AS references`;

/** Every portfolio. */
export const watchedAll = statement<None, WatchedRow>(
  'alert.watchedAll',
  `MATCH (p:Portfolio) WHERE p.tenant >= '' WITH p ${WATCHED}`,
);

/** Every portfolio, and when something was said of it last. */
export const portfolioTimes = statement<None, { key: string; changedAt: number }>(
  'alert.portfolioTimes',
  `MATCH (p:Portfolio) WHERE p.tenant >= '' AND p.createdAt IS NOT NULL AND p.deletedAt IS NULL
   RETURN p.key AS key, p.changedAt AS changedAt`,
);

export const watchedByKey = statement<{ keys: readonly string[] }, WatchedRow>(
  'alert.watchedByKey',
  `UNWIND $keys AS key MATCH (p:Portfolio {key: key}) ${WATCHED}`,
);

/** What stands today for each reference that the graph knows. */
export const resolveReferences = statement<{ references: readonly string[] }, { reference: string; key: string }>(
  'alert.resolve',
  `UNWIND $references AS reference
CALL (reference) {
  MATCH (d:Domain {name: substring(reference, 7)}) WHERE reference STARTS WITH 'domain:' AND NOT d:PrivateDomain
  ${owner('d', 'w')}
  RETURN coalesce(w.canonical, reference) AS key
  UNION ALL
  MATCH (o:Organization {key: reference}) WHERE NOT o:PrivateOrganization RETURN o.canonical AS key
}
RETURN reference, key`,
);

/** Who uses each of these domains; `users` is null where they are more than `$most`. */
export const usersOf = statement<{ names: readonly string[]; most: Int }, { users: readonly string[] | null }>(
  'alert.usersOf',
  `UNWIND $names AS name MATCH (d:Domain {name: name})
WITH d, COUNT { (d)<-[r:USES]-() } AS degree WHERE degree > 0
RETURN CASE WHEN degree > $most THEN null
  ELSE COLLECT { MATCH (d)<-[r:USES]-(s) ${owner('s', 'w')} RETURN DISTINCT ${organizationOf('s', 'w')} } END AS users`,
);

export interface AffectedRow {
  readonly incident: string;
  /** What stands today for what the incident affects. */
  readonly organization: string;
}

/** An incident that its source takes for made up warns nobody. */
const AFFECTED = `MATCH (i)-[:AFFECTS]->(x) WHERE NOT i.fabricated
${owner('x', 'w')}
RETURN DISTINCT i.key AS incident, ${organizationOf('x', 'w')} AS organization`;

export const affectedByAll = statement<None, AffectedRow>(
  'alert.affectedByAll',
  `MATCH (i:Incident) WHERE i.reportedAt > -1000000000000000 ${AFFECTED}`,
);

export const affectedBy = statement<{ keys: readonly string[] }, AffectedRow>(
  'alert.affectedBy',
  `UNWIND $keys AS key MATCH (i:Incident {key: key}) ${AFFECTED}`,
);

/** Locks the portfolios, and tells the number of the last alert of each. */
export const holdAlertSequences = statement<{ keys: readonly string[] }, { key: string; sequence: number }>(
  'alert.holdSequences',
  `UNWIND $keys AS key MATCH (p:Portfolio {key: key}) REMOVE p.lock
   RETURN key, coalesce(p.alertSequence, 0) AS sequence`,
);

/** Those of these cases that are known, whether somebody was warned, and when that was noted. */
export const knownAlerts = statement<{ ids: readonly string[] }, { id: string; isRaised: boolean; notedAt: number }>(
  'alert.known',
  'UNWIND $ids AS id MATCH (a:Alert {id: id}) RETURN id, a.sequence IS NOT NULL AS isRaised, a.raisedAt AS notedAt',
);

export interface AlertValues {
  readonly id: string;
  /** The portfolio's key. */
  readonly portfolio: string;
  readonly incident: string;
  /** Null: the exposure was there when the portfolio came to follow it, and nobody was warned. */
  readonly sequence: Int | null;
  readonly raisedAt: Int;
  readonly exposed: Int;
  /** Keys of organizations, each path as JSON. */
  readonly paths: readonly string[];
}

export const writeAlerts = statement<{ rows: readonly AlertValues[] }, None>(
  'alert.write',
  `UNWIND $rows AS row
   MERGE (a:Alert {id: row.id})
   SET a.portfolio = row.portfolio, a.incident = row.incident, a.sequence = row.sequence, a.raisedAt = row.raisedAt,
     a.exposed = row.exposed, a.paths = row.paths
   WITH row WHERE row.sequence IS NOT NULL
   MATCH (p:Portfolio {key: row.portfolio})
   SET p.alertSequence = CASE WHEN coalesce(p.alertSequence, 0) < row.sequence THEN row.sequence ELSE p.alertSequence END`,
);

export interface AlertRow {
  readonly id: string;
  readonly incident: string;
  readonly sequence: number;
  readonly raisedAt: number;
  readonly exposed: number;
  readonly paths: readonly string[];
}

const ROW = `a.id AS id, a.incident AS incident, a.sequence AS sequence, a.raisedAt AS raisedAt, a.exposed AS exposed,
  a.paths AS paths`;

/** A portfolio's alerts, the newest first. */
export const alertsBefore = statement<{ portfolio: string; before: Int; limit: Int }, AlertRow>(
  'alert.before',
  `MATCH (a:Alert {portfolio: $portfolio}) WHERE a.sequence < $before
   RETURN ${ROW} ORDER BY sequence DESC LIMIT $limit`,
);

/** The same in the order in which they were raised. */
export const alertsAfter = statement<{ portfolio: string; after: Int; limit: Int }, AlertRow>(
  'alert.after',
  `MATCH (a:Alert {portfolio: $portfolio}) WHERE a.sequence > $after
   RETURN ${ROW} ORDER BY sequence LIMIT $limit`,
);

export const lastAlert = statement<{ portfolio: string }, { sequence: number }>(
  'alert.last',
  'MATCH (p:Portfolio {key: $portfolio}) RETURN coalesce(p.alertSequence, 0) AS sequence',
);

/** One by which somebody was warned. */
export const alertById = statement<{ id: string }, AlertRow & { portfolio: string }>(
  'alert.byId',
  `MATCH (a:Alert {id: $id}) WHERE a.sequence IS NOT NULL RETURN ${ROW}, a.portfolio AS portfolio`,
);

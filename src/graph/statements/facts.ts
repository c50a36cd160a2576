import { statement } from '../statement.ts';
import { reference } from './deduction.ts';

type None = Record<string, never>;

/**
 * All facts that exposure follows from, a node and what is claimed of it a row, for whoever keeps them in memory. Nodes
 * are named by the database's own numbers, which are small and stay what they are while nothing is deleted.
 */

export type Time = number | null;

/** `[object, service, source, firstSeen, lastSeen, sighted, critical, criticalDay, statedAt, stated, retractedAt]` */
export type UseRow = readonly [
  object: number,
  service: string,
  source: string,
  firstSeen: Time,
  lastSeen: Time,
  sightedConfidence: number | null,
  critical: boolean | null,
  criticalDay: Time,
  statedAt: Time,
  statedConfidence: number | null,
  retractedAt: Time,
  /** Of a private claim: whose it is. */
  tenant?: string | null,
];

/** `[object, source, statedAt, retractedAt]` */
export type IdentityRow = readonly [object: number, source: string, statedAt: Time, retractedAt: Time];

export interface DomainFacts {
  readonly id: number;
  readonly name: string;
  /** `['complete.<source>.<service>', midnight]` */
  readonly completed: readonly (readonly [string, number])[];
  readonly uses: readonly UseRow[];
  readonly privateUses: readonly UseRow[];
  readonly owners: readonly IdentityRow[];
}

export interface OrganizationFacts {
  readonly id: number;
  readonly key: string;
  readonly name: string | null;
  readonly nameAt: Time;
  readonly uses: readonly UseRow[];
  readonly privateUses: readonly UseRow[];
  readonly merges: readonly IdentityRow[];
}

/** Public claims. */
const USES = `[(n)-[r:USES]->(o) | [id(o), r.service, r.source, r.firstSeen, r.lastSeen, r.sightedConfidence, r.critical,
    r.criticalDay, r.statedAt, r.statedConfidence, r.retractedAt]] AS uses`;

/** Those of each tenant, with whose they are. */
const PRIVATE = `[(n)-[r:PRIVATE_USES]->(o) | [id(o), r.service, r.source, r.firstSeen, r.lastSeen, r.sightedConfidence,
    r.critical, r.criticalDay, r.statedAt, r.statedConfidence, r.retractedAt, r.tenant]] AS privateUses`;

const identity = (kind: string, as: string): string =>
  `[(n)-[r:${kind}]->(o) | [id(o), r.source, r.statedAt, r.retractedAt]] AS ${as}`;

export const domainFacts = statement<None, DomainFacts>(
  'facts.domains',
  `MATCH (n:Domain)
   RETURN id(n) AS id, n.name AS name, [k IN keys(n) WHERE k STARTS WITH 'complete.' | [k, n[k]]] AS completed, ${USES},
     ${PRIVATE}, ${identity('OWNERSHIP_CLAIM', 'owners')}`,
);

export const organizationFacts = statement<None, OrganizationFacts>(
  'facts.organizations',
  `MATCH (n:Organization)
   RETURN id(n) AS id, n.key AS key, n.name AS name, n.nameAt AS nameAt, ${USES},
     ${PRIVATE}, ${identity('SAME_AS', 'merges')}`,
);

/** What is dismissed, by keys: `domain:<name>`, or an organization's. */
export interface DismissalFacts {
  readonly subject: string;
  readonly object: string;
  readonly service: string;
  readonly source: string;
  readonly firstSeen: Time;
  readonly lastSeen: Time;
  readonly statedAt: Time;
  readonly retractedAt: Time;
}

export const dismissalFacts = statement<None, DismissalFacts>(
  'facts.dismissals',
  `MATCH (s:Dismissing)-[r:DISMISSED]->(o)
   RETURN ${reference('s')} AS subject, ${reference('o')} AS object, r.service AS service, r.source AS source,
     r.firstSeen AS firstSeen, r.lastSeen AS lastSeen, r.statedAt AS statedAt, r.retractedAt AS retractedAt`,
);

/** What these numbers stand for: an organization's key, or `domain:<name>`. */
export const keysOfNodes = statement<{ ids: readonly unknown[] }, { id: number; key: string }>(
  'facts.keysOfNodes',
  `UNWIND $ids AS id
   MATCH (n) WHERE id(n) = id AND (n:Domain OR n:Organization)
   RETURN id, CASE WHEN n:Domain THEN 'domain:' + n.name ELSE n.key END AS key`,
);

/** What these domains and organizations use. */
export const usesOf = statement<
  { domains: readonly string[]; organizations: readonly string[] },
  { key: string; uses: readonly (readonly [string, UseRow])[] }
>(
  'facts.usesOf',
  `CALL () {
     UNWIND $domains AS name MATCH (n:Domain {name: name}) RETURN n, 'domain:' + name AS key
     UNION ALL
     UNWIND $organizations AS key MATCH (n:Organization {key: key}) RETURN n, key
   }
   RETURN key, [(n)-[r:USES|PRIVATE_USES]->(o) | [CASE WHEN o:Domain THEN 'domain:' + o.name ELSE o.key END,
     [id(o), r.service, r.source, r.firstSeen, r.lastSeen, r.sightedConfidence, r.critical, r.criticalDay, r.statedAt,
      r.statedConfidence, r.retractedAt, r.tenant]]] AS uses`,
);

import type { Service } from '../../identity/service.ts';
import { CLAIM_KINDS, type ClaimKind } from '../fold.ts';
import type { ClaimProperties, ClaimValues, SightedValues } from '../properties.ts';
import { type Statement, statement } from '../statement.ts';

/** A node whose state a batch changes, and the sources whose claims of it the batch may change. */
export interface Wanted {
  readonly id: string;
  readonly sources: readonly string[];
  /** Something that everybody may know is said of it. */
  readonly isPublic: boolean;
}

/** What is there, now that it is locked; a node that was just made says nothing yet. */
export interface HeldNode {
  readonly id: string;
  readonly isVendor: boolean;
  readonly isPublic: boolean;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly claims: readonly HeldClaim[];
}

/** The last is a map of all properties where it is more than sighted. */
export type HeldClaim = readonly [
  elementId: string,
  kind: ClaimKind,
  isDomain: boolean,
  object: string,
  source: string,
  service: Service | null,
  firstSeen: number | null,
  lastSeen: number | null,
  sightedConfidence: number | null,
  evidence: readonly string[] | null,
  all: ClaimProperties | null,
];

/**
 * What private claims alone spoke of is everybody's once something public does. A node that is no longer private, as
 * nearly all are, is left alone, so that no batch locks a hub.
 */
const published = (label: 'Domain' | 'Organization') =>
  `FOREACH (_ IN CASE WHEN row.isPublic AND n:Private${label} THEN [1] ELSE [] END | REMOVE n:Private${label})`;

/**
 * Makes the nodes that are missing and locks them all: removing a property that is not there takes the lock and writes
 * nothing. Then what they say is read, so that nobody can change it in between. A sighted claim comes as a list, since
 * most are read only to find that there is nothing new, and a map costs the driver twice as much.
 */
const hold = (label: 'Domain' | 'Organization', key: 'name' | 'key', onCreate: string, kinds: string) => `
UNWIND $rows AS row
MERGE (n:${label} {${key}: row.id})${onCreate}
REMOVE n.lock
${published(label)}
RETURN row.id AS id, n:Vendor AS isVendor, NOT n:Private${label} AS isPublic, properties(n) AS properties,
  [(n)-[r:${kinds}]->(o) WHERE r.source IN row.sources |
    [elementId(r), type(r), o:Domain, CASE WHEN o:Domain THEN o.name ELSE o.key END, r.source, r.service, r.firstSeen,
     r.lastSeen, r.sightedConfidence, r.evidence,
     CASE WHEN r.statedAt IS NULL AND r.retractedAt IS NULL AND r.critical IS NULL THEN null ELSE properties(r) END]
  ] AS claims`;

export const holdDomains = statement<{ rows: readonly Wanted[] }, HeldNode>(
  'write.holdDomains',
  hold('Domain', 'name', '', 'USES|PRIVATE_USES|OWNERSHIP_CLAIM|DISMISSED'),
);

export const holdOrganizations = statement<{ rows: readonly Wanted[] }, HeldNode>(
  'write.holdOrganizations',
  hold('Organization', 'key', ' ON CREATE SET n.canonical = row.id', 'USES|PRIVATE_USES|SAME_AS|PART_OF|DISMISSED'),
);

/** What domains keep of some properties, null where nothing, and the days (midnights) on which they were looked at. */
type RecalledDomain = readonly [
  name: string,
  sightings: readonly unknown[],
  days: readonly (readonly [property: string, day: number])[],
];

/** Read without locks, and without the claims: enough to see that something is known. */
export const recallDomains = statement<
  { names: readonly string[]; sightings: readonly string[] },
  { domains: readonly RecalledDomain[] }
>(
  'write.recallDomains',
  `UNWIND $names AS name
MATCH (n:Domain {name: name})
RETURN collect([name, [key IN $sightings | n[key]],
  [key IN keys(n) WHERE key STARTS WITH 'observed.' OR key STARTS WITH 'complete.' | [key, n[key]]]]) AS domains`,
);

/** Nodes that something points at. One that is there and labelled is left alone, so that no batch locks a hub. */
interface PointedAt {
  readonly rows: readonly { readonly id: string; readonly vendor: boolean }[];
}

const pointAt = (label: 'Domain' | 'Organization', key: 'name' | 'key', onCreate: string) => `
UNWIND $rows AS row
MERGE (n:${label} {${key}: row.id})${onCreate}
FOREACH (_ IN CASE WHEN n:Private${label} THEN [1] ELSE [] END | REMOVE n:Private${label})
FOREACH (_ IN CASE WHEN row.vendor AND NOT n:Vendor THEN [1] ELSE [] END | SET n:Vendor)`;

export const pointAtDomains = statement<PointedAt, Record<string, never>>(
  'write.pointAtDomains',
  pointAt('Domain', 'name', ''),
);

export const pointAtOrganizations = statement<PointedAt, Record<string, never>>(
  'write.pointAtOrganizations',
  pointAt('Organization', 'key', ' ON CREATE SET n.canonical = row.id'),
);

/** As above, of what only private claims point at so far: what is there is left as it is. */
const pointAtPrivately = (label: 'Domain' | 'Organization', key: 'name' | 'key', onCreate: string) => `
UNWIND $rows AS row
MERGE (n:${label} {${key}: row.id}) ON CREATE SET n:Private${label}${onCreate}`;

export const pointAtDomainsPrivately = statement<PointedAt, Record<string, never>>(
  'write.pointAtDomainsPrivately',
  pointAtPrivately('Domain', 'name', ''),
);

export const pointAtOrganizationsPrivately = statement<PointedAt, Record<string, never>>(
  'write.pointAtOrganizationsPrivately',
  pointAtPrivately('Organization', 'key', ', n.canonical = row.id'),
);

/** By subject, so that it is looked up once. */
export interface CreateClaims {
  readonly rows: readonly (readonly [subject: string, claims: readonly ClaimValues[]])[];
}

/** All of a claim's properties; see `claimValues`. */
const CLAIM = `{source: claim[1], service: claim[2], evidence: claim[3], firstSeen: toInteger(claim[4]),
  lastSeen: toInteger(claim[5]), sightedConfidence: claim[6], critical: claim[7], criticalDay: toInteger(claim[8]),
  statedConfidence: claim[9], statedAt: toInteger(claim[10]), statedBy: claim[11], author: claim[12], reason: claim[13],
  retractedAt: toInteger(claim[14]), retractedBy: claim[15], retractionAuthor: claim[16],
  retractionReason: claim[17], tenant: claim[18]}`;

const create = (
  kind: ClaimKind,
  subject: string,
  object: string,
  more = '',
): Statement<CreateClaims, { created: number }> =>
  statement(
    `write.create.${kind}`,
    `UNWIND $rows AS row
MATCH (s:${subject})
UNWIND row[1] AS claim
MATCH (o:${object})
CREATE (s)-[:${kind} ${CLAIM}]->(o)${more}
RETURN count(*) AS created`,
  );

const SUBJECT_DOMAIN = 'Domain {name: row[0]}';
const SUBJECT_ORGANIZATION = 'Organization {key: row[0]}';
const OBJECT_DOMAIN = 'Domain {name: claim[0]}';
const OBJECT_ORGANIZATION = 'Organization {key: claim[0]}';
/** A label, so that it costs readers next to nothing to see that nothing of a node's is dismissed. */
const DISMISSING = ' SET s:Dismissing';

/** By kind and ends, as `claimShape` names them. */
export const createClaims: Readonly<Record<string, Statement<CreateClaims, { created: number }>>> = {
  'USES domain domain': create('USES', SUBJECT_DOMAIN, OBJECT_DOMAIN),
  'USES domain organization': create('USES', SUBJECT_DOMAIN, OBJECT_ORGANIZATION),
  'USES organization domain': create('USES', SUBJECT_ORGANIZATION, OBJECT_DOMAIN),
  'USES organization organization': create('USES', SUBJECT_ORGANIZATION, OBJECT_ORGANIZATION),
  'PRIVATE_USES domain domain': create('PRIVATE_USES', SUBJECT_DOMAIN, OBJECT_DOMAIN),
  'PRIVATE_USES domain organization': create('PRIVATE_USES', SUBJECT_DOMAIN, OBJECT_ORGANIZATION),
  'PRIVATE_USES organization domain': create('PRIVATE_USES', SUBJECT_ORGANIZATION, OBJECT_DOMAIN),
  'PRIVATE_USES organization organization': create('PRIVATE_USES', SUBJECT_ORGANIZATION, OBJECT_ORGANIZATION),
  'OWNERSHIP_CLAIM domain organization': create('OWNERSHIP_CLAIM', SUBJECT_DOMAIN, OBJECT_ORGANIZATION),
  'SAME_AS organization organization': create('SAME_AS', SUBJECT_ORGANIZATION, OBJECT_ORGANIZATION),
  'PART_OF organization organization': create('PART_OF', SUBJECT_ORGANIZATION, OBJECT_ORGANIZATION),
  'DISMISSED domain domain': create('DISMISSED', SUBJECT_DOMAIN, OBJECT_DOMAIN, DISMISSING),
  'DISMISSED domain organization': create('DISMISSED', SUBJECT_DOMAIN, OBJECT_ORGANIZATION, DISMISSING),
  'DISMISSED organization domain': create('DISMISSED', SUBJECT_ORGANIZATION, OBJECT_DOMAIN, DISMISSING),
  'DISMISSED organization organization': create('DISMISSED', SUBJECT_ORGANIZATION, OBJECT_ORGANIZATION, DISMISSING),
};

/** Control characters made for this. No JSON has one, and no name that went through `src/identity`. */
export const BETWEEN_CLAIMS = '\u001e';
export const BETWEEN_FIELDS = '\u001f';

/**
 * Of each claim a text says its object, the place among `seen` of what it shares with others, and the second part of its
 * evidence, of which its row has the first; see `sightedRows`.
 */
export interface CreateSighted {
  readonly seen: readonly SightedValues[];
  readonly rows: readonly (readonly [subject: string, document: string, claims: string])[];
}

const createOfSighted = (subject: string, object: string): Statement<CreateSighted, { created: number }> =>
  statement(
    'write.createSighted',
    `UNWIND $rows AS row
MATCH (s:${subject})
UNWIND split(row[2], ${JSON.stringify(BETWEEN_CLAIMS)}) AS text
WITH s, row[1] AS document, split(text, ${JSON.stringify(BETWEEN_FIELDS)}) AS claim
MATCH (o:${object})
WITH s, o, $seen[toInteger(claim[1])] AS seen, document + claim[2] AS evidence
CREATE (s)-[:USES {source: seen[0], service: seen[1], firstSeen: seen[2], lastSeen: seen[3],
  sightedConfidence: seen[4], evidence: [evidence]}]->(o)
RETURN count(*) AS created`,
  );

/** By ends, as `claimShape` names them: claims that were only sighted, once. */
export const createSighted: Readonly<Record<string, Statement<CreateSighted, { created: number }>>> = {
  'USES domain domain': createOfSighted(SUBJECT_DOMAIN, OBJECT_DOMAIN),
  'USES domain organization': createOfSighted(SUBJECT_DOMAIN, OBJECT_ORGANIZATION),
  'USES organization domain': createOfSighted(SUBJECT_ORGANIZATION, OBJECT_DOMAIN),
  'USES organization organization': createOfSighted(SUBJECT_ORGANIZATION, OBJECT_ORGANIZATION),
};

/** All claims have one of these types and a source. Were that not said, a plan made while the graph is empty would scan it. */
export const updateClaims = statement<{ rows: readonly ClaimValues[] }, Record<string, never>>(
  'write.updateClaims',
  `UNWIND $rows AS claim
MATCH ()-[r:${CLAIM_KINDS.join('|')}]->() WHERE elementId(r) = claim[0] AND r.source IS NOT NULL
SET r = ${CLAIM}`,
);

export const updateDomains = statement<
  { rows: readonly { id: string; properties: Record<string, unknown> }[] },
  Record<string, never>
>('write.updateDomains', 'UNWIND $rows AS row MATCH (n:Domain {name: row.id}) SET n += row.properties');

export const updateOrganizations = statement<
  { rows: readonly { id: string; properties: Record<string, unknown> }[] },
  Record<string, never>
>('write.updateOrganizations', 'UNWIND $rows AS row MATCH (n:Organization {key: row.id}) SET n += row.properties');

/** The version of each incident that is stored, with its lock taken. A new one has no `time` yet. */
export const holdIncidents = statement<
  { keys: readonly string[] },
  { key: string; time: number | null; event: string | null }
>(
  'write.holdIncidents',
  `UNWIND $keys AS key MERGE (i:Incident {key: key}) REMOVE i.lock
   RETURN key, i.time AS time, i.event AS event`,
);

/** Replaces an incident whole, with whom it affects; gives how many those are. */
export const replaceIncidents = statement<
  {
    rows: readonly {
      key: string;
      properties: Record<string, unknown>;
      domains: readonly string[];
      organizations: readonly string[];
    }[];
  },
  { created: number }
>(
  'write.replaceIncidents',
  `UNWIND $rows AS row
   MATCH (i:Incident {key: row.key}) SET i = row.properties
   WITH i, row
   CALL (i) { OPTIONAL MATCH (i)-[old:AFFECTS]->() DELETE old }
   CALL (i, row) {
     UNWIND row.domains AS name MATCH (d:Domain {name: name}) CREATE (i)-[:AFFECTS]->(d) RETURN count(*) AS domains
   }
   CALL (i, row) {
     UNWIND row.organizations AS key MATCH (o:Organization {key: key}) CREATE (i)-[:AFFECTS]->(o)
     RETURN count(*) AS organizations
   }
   RETURN sum(domains + organizations) AS created`,
);

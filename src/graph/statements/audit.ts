import { statement } from '../statement.ts';

type None = Record<string, never>;

export interface FactRow {
  /** Labels of a node, or the type of a relationship. */
  readonly labels: readonly string[];
  readonly properties: Readonly<Record<string, unknown>>;
  /** What a relationship begins and ends at: label and key; empty for a node. */
  readonly ends: readonly string[];
}

const END = (n: string) => `CASE WHEN ${n}:Domain THEN 'Domain ' + ${n}.name
  WHEN ${n}:Organization THEN 'Organization ' + ${n}.key ELSE head(labels(${n})) + ' ' + coalesce(${n}.key, ${n}.id) END`;

/** Every fact that the graph's hash covers: nodes first. */
export const nodeFacts = statement<None, FactRow>(
  'audit.nodeFacts',
  `MATCH (n) WHERE n:Domain OR n:Organization OR n:Incident OR n:Finding OR (n:Source AND n.withdrawnBefore IS NOT NULL)
   RETURN labels(n) AS labels, properties(n) AS properties, [] AS ends`,
);

export const claimFacts = statement<None, FactRow>(
  'audit.claimFacts',
  `MATCH (a)-[r:USES|PRIVATE_USES|OWNERSHIP_CLAIM|SAME_AS|PART_OF|DISMISSED|AFFECTS|ON]->(b)
   RETURN [type(r)] AS labels, properties(r) AS properties, [${END('a')}, ${END('b')}] AS ends`,
);

export const ownershipOfAll = statement<
  None,
  { domain: string; claims: readonly [string, number | null, number | null, string][]; owners: readonly string[] }
>(
  'audit.ownershipOfAll',
  `MATCH (d:Domain) WHERE (d)-[:OWNERSHIP_CLAIM|OWNED_BY]->()
   RETURN d.name AS domain,
     [(d)-[c:OWNERSHIP_CLAIM]->(o:Organization) | [c.source, c.statedAt, c.retractedAt, o.key]] AS claims,
     [(d)-[:OWNED_BY]->(w) | w.key] AS owners`,
);

export const canonicalOfAll = statement<None, { key: string; canonical: string | null }>(
  'audit.canonicalOfAll',
  'MATCH (o:Organization) RETURN o.key AS key, o.canonical AS canonical',
);

export const mergesOfAll = statement<
  None,
  { a: string; b: string; source: string; statedAt: number | null; retractedAt: number | null }
>(
  'audit.mergesOfAll',
  `MATCH (a:Organization)-[c:SAME_AS]->(b:Organization)
   RETURN a.key AS a, b.key AS b, c.source AS source, c.statedAt AS statedAt, c.retractedAt AS retractedAt`,
);

/** Each finds one kind of broken invariant; a row says what is wrong. */
export const INVARIANTS = [
  statement<None, { problem: string }>(
    'audit.duplicateClaim',
    `MATCH (a)-[r:USES|PRIVATE_USES|OWNERSHIP_CLAIM|SAME_AS|PART_OF|DISMISSED]->(b)
     WITH a, b, type(r) AS kind, r.source AS source, r.service AS service, count(*) AS n WHERE n > 1
     RETURN 'duplicate claim: ' + n + ' of ' + kind + ' ' + source + ' ' + coalesce(service, '') + ' from '
       + coalesce(a.key, a.name) + ' to ' + coalesce(b.key, b.name) AS problem LIMIT 100`,
  ),
  statement<None, { problem: string }>(
    'audit.impossibleClaim',
    `MATCH (a)-[r:USES|PRIVATE_USES|OWNERSHIP_CLAIM|SAME_AS|PART_OF|DISMISSED]->(b)
     WHERE r.source IS NULL OR ((r:USES OR r:PRIVATE_USES OR r:DISMISSED) AND r.service IS NULL)
       OR r:PRIVATE_USES <> (r.tenant IS NOT NULL) OR r.firstSeen > r.lastSeen
       OR (r.firstSeen IS NULL) <> (r.lastSeen IS NULL)
       OR (r.firstSeen IS NULL AND r.retractedAt IS NULL)
       OR (r.firstSeen IS NOT NULL AND r.sightedConfidence IS NULL AND r.statedAt IS NULL)
       OR r.sightedConfidence < 0 OR r.sightedConfidence > 1 OR r.statedConfidence < 0 OR r.statedConfidence > 1
       OR size(coalesce(r.evidence, [])) > 5 OR (r.firstSeen IS NOT NULL AND size(coalesce(r.evidence, [])) = 0)
     RETURN 'impossible claim: ' + type(r) + ' ' + coalesce(r.source, '?') + ' from ' + coalesce(a.key, a.name)
       + ' to ' + coalesce(b.key, b.name) AS problem LIMIT 100`,
  ),
  statement<None, { problem: string }>(
    'audit.missingVendorLabel',
    `MATCH ()-[r:USES]->(v) WHERE r.firstSeen IS NOT NULL AND NOT v:Vendor
     RETURN DISTINCT 'used but not labelled a vendor: ' + coalesce(v.key, v.name) AS problem LIMIT 100`,
  ),
  statement<None, { problem: string }>(
    'audit.strayVendorLabel',
    `MATCH (v:Vendor) WHERE NOT EXISTS { MATCH ()-[r:USES]->(v) WHERE r.firstSeen IS NOT NULL }
     RETURN 'labelled a vendor but not used: ' + coalesce(v.key, v.name) AS problem LIMIT 100`,
  ),
  statement<None, { problem: string }>(
    'audit.dismissingLabel',
    `MATCH (s) WHERE (s:Dismissing) <> EXISTS { (s)-[:DISMISSED]->() } AND (s:Dismissing OR s:Domain OR s:Organization)
     RETURN 'the label of what is dismissed of it is wrong: ' + coalesce(s.key, s.name) AS problem LIMIT 100`,
  ),
  statement<None, { problem: string }>(
    'audit.strayPrivateLabel',
    `MATCH (n) WHERE (n:PrivateDomain OR n:PrivateOrganization) AND (n:Vendor OR n.firstSeen IS NOT NULL
       OR (n:Organization AND n.name IS NOT NULL) OR NOT EXISTS { (n)-[:PRIVATE_USES]-() }
       OR EXISTS { (n)-[:USES|OWNERSHIP_CLAIM|SAME_AS|PART_OF|DISMISSED|AFFECTS|ON]-() })
     RETURN 'labelled private but public: ' + coalesce(n.key, n.name) AS problem LIMIT 100`,
  ),
  statement<None, { problem: string }>(
    'audit.provisionalNode',
    `MATCH (o:Organization) WHERE o.key STARTS WITH 'domain:'
     RETURN 'a provisional organization is a node: ' + o.key AS problem LIMIT 100`,
  ),
  statement<None, { problem: string }>(
    'audit.firstAfterLast',
    `MATCH (d:Domain) WHERE d.firstSeen > d.lastSeen OR (d.firstSeen IS NULL) <> (d.lastSeen IS NULL)
     RETURN 'first seen after last seen: ' + d.name AS problem LIMIT 100`,
  ),
  statement<None, { problem: string }>(
    'audit.unbalancedCounters',
    `MATCH (o:StreamOffset) WHERE o.applied + o.superseded + o.filtered + o.deadLettered <> o.next - o.first
     RETURN 'counters do not add up: ' + o.id AS problem LIMIT 100`,
  ),
] as const;

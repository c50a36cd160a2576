import type { integer } from '../driver.ts';
import { statement } from '../statement.ts';

type Int = ReturnType<typeof integer>;
type None = Record<string, never>;

/**
 * Whoever writes a claim on identity holds its source; whoever withdraws a source holds it too. So no claim can be
 * written unseen while a withdrawal looks for the claims that it undoes.
 */
export const holdSources = statement<{ ids: readonly string[] }, None>(
  'identity.holdSources',
  'UNWIND $ids AS id MERGE (s:Source {id: id}) REMOVE s.lock',
);

/** Components of merges are resolved by one writer at a time. */
export const holdMerges = statement<None, None>(
  'identity.holdMerges',
  `MERGE (l:GraphLock {name: 'merges'}) REMOVE l.lock SET l.lock = false`,
);

export const readWithdrawals = statement<None, { source: string; before: number }>(
  'identity.readWithdrawals',
  'MATCH (s:Source) WHERE s.withdrawnBefore IS NOT NULL RETURN s.id AS source, s.withdrawnBefore AS before',
);

/** The latest time said counts. Gives the one that counted before. */
export const withdrawSource = statement<{ id: string; before: Int }, { previous: number | null }>(
  'identity.withdrawSource',
  `MERGE (s:Source {id: $id}) REMOVE s.lock
   WITH s, s.withdrawnBefore AS previous
   SET s.withdrawnBefore = CASE WHEN previous >= $before THEN previous ELSE $before END
   RETURN previous`,
);

const STATED = `c.source AS source, c.statedAt AS statedAt, c.retractedAt AS retractedAt`;

export interface OwnershipRow {
  readonly domain: string;
  readonly source: string;
  readonly statedAt: number | null;
  readonly retractedAt: number | null;
  readonly organization: string;
  /** The owner as it is stored now. */
  readonly owner: string | null;
}

/** Locks the domains first, then reads what is claimed of them. */
export const readOwnership = statement<{ domains: readonly string[] }, OwnershipRow>(
  'identity.readOwnership',
  `UNWIND $domains AS name
   MATCH (d:Domain {name: name}) REMOVE d.lock
   WITH d
   MATCH (d)-[c:OWNERSHIP_CLAIM]->(o:Organization)
   RETURN d.name AS domain, ${STATED}, o.key AS organization, [(d)-[:OWNED_BY]->(w) | w.key][0] AS owner`,
);

export const setOwners = statement<{ rows: readonly { domain: string; organization: string | null }[] }, None>(
  'identity.setOwners',
  `UNWIND $rows AS row
   MATCH (d:Domain {name: row.domain})
   CALL (d) { OPTIONAL MATCH (d)-[old:OWNED_BY]->() DELETE old }
   CALL (d, row) { MATCH (o:Organization {key: row.organization}) CREATE (d)-[:OWNED_BY]->(o) }`,
);

/** Domains of which the source claims ownership, by name, a page at a time. */
export const domainsClaimedBy = statement<{ source: string; after: string; limit: Int }, { domain: string }>(
  'identity.domainsClaimedBy',
  `MATCH (d:Domain)-[c:OWNERSHIP_CLAIM {source: $source}]->() WHERE d.name > $after
   RETURN DISTINCT d.name AS domain ORDER BY domain LIMIT $limit`,
);

export const pairsMergedBy = statement<{ source: string }, { a: string; b: string }>(
  'identity.pairsMergedBy',
  'MATCH (a:Organization)-[c:SAME_AS {source: $source}]->(b:Organization) RETURN a.key AS a, b.key AS b',
);

export interface MergeRow {
  readonly a: string;
  readonly b: string;
  readonly source: string;
  readonly statedAt: number | null;
  readonly retractedAt: number | null;
}

/** Every merge claim, in force or not, that touches one of these organizations. */
export const readMerges = statement<{ keys: readonly string[] }, MergeRow>(
  'identity.readMerges',
  `UNWIND $keys AS key
   MATCH (n:Organization {key: key})-[c:SAME_AS]-(:Organization)
   RETURN DISTINCT startNode(c).key AS a, endNode(c).key AS b, ${STATED}`,
);

export const readCanonical = statement<{ keys: readonly string[] }, { key: string; canonical: string }>(
  'identity.readCanonical',
  'UNWIND $keys AS key MATCH (o:Organization {key: key}) RETURN o.key AS key, o.canonical AS canonical',
);

export const setCanonical = statement<{ rows: readonly { key: string; canonical: string }[] }, None>(
  'identity.setCanonical',
  'UNWIND $rows AS row MATCH (o:Organization {key: row.key}) SET o.canonical = row.canonical',
);

import { statement } from '../statement.ts';
import { type Int, nameOf } from './deduction.ts';

/**
 * Makes the portfolios that are missing and locks them. What a portfolio follows is written by nobody who does not hold
 * its lock.
 */
export const holdPortfolios = statement<
  { keys: readonly string[] },
  { key: string; properties: Readonly<Record<string, unknown>> }
>(
  'portfolio.hold',
  'UNWIND $keys AS key MERGE (p:Portfolio {key: key}) REMOVE p.lock RETURN key, properties(p) AS properties',
);

export const readFollowings = statement<
  { keys: readonly string[] },
  { key: string; isFollowed: boolean; time: number; event: string }
>(
  'portfolio.readFollowings',
  `UNWIND $keys AS key MATCH (f:Following {key: key})
   RETURN key, f.isFollowed AS isFollowed, f.time AS time, f.event AS event`,
);

export const updatePortfolios = statement<
  { rows: readonly { key: string; properties: Record<string, unknown> }[] },
  Record<string, never>
>('portfolio.update', 'UNWIND $rows AS row MATCH (p:Portfolio {key: row.key}) SET p += row.properties');

export interface FollowingValues {
  readonly portfolio: string;
  readonly key: string;
  readonly kind: string;
  readonly name: string;
  readonly isFollowed: boolean;
  readonly time: number;
  readonly event: string;
}

/** Times are plain numbers and made whole here, as with claims. */
export const writeFollowings = statement<{ rows: readonly FollowingValues[] }, Record<string, never>>(
  'portfolio.writeFollowings',
  `UNWIND $rows AS row
   MATCH (p:Portfolio {key: row.portfolio})
   MERGE (f:Following {key: row.key})
   ON CREATE SET f.kind = row.kind, f.name = row.name, f.isNew = true
   SET f.isFollowed = row.isFollowed, f.time = toInteger(row.time), f.event = row.event
   FOREACH (_ IN CASE WHEN f.isNew THEN [1] ELSE [] END | CREATE (p)-[:HAS]->(f) REMOVE f.isNew)`,
);

export interface PortfolioRow {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly alertDepth: number;
  readonly createdAt: number;
  readonly changedAt: number;
}

const SHOWN = 'p.createdAt IS NOT NULL AND p.deletedAt IS NULL';
const ROW = `p.id AS id, p.tenant AS tenant, p.name AS name, p.alertDepth AS alertDepth, p.createdAt AS createdAt,
  p.changedAt AS changedAt`;

export const portfoliosByKey = statement<{ keys: readonly string[] }, PortfolioRow & { key: string }>(
  'portfolio.byKey',
  `UNWIND $keys AS key MATCH (p:Portfolio {key: key}) WHERE ${SHOWN} RETURN key, ${ROW}`,
);

/** A tenant's portfolios by name, then id. */
export const portfoliosOf = statement<{ tenant: string; afterName: string; afterId: string; limit: Int }, PortfolioRow>(
  'portfolio.ofTenant',
  `MATCH (p:Portfolio {tenant: $tenant})
WHERE ${SHOWN} AND (p.name > $afterName OR (p.name = $afterName AND p.id > $afterId))
RETURN ${ROW} ORDER BY name, id LIMIT $limit`,
);

export interface FollowingRow {
  readonly kind: 'domain' | 'organization';
  readonly name: string;
  /** When it was followed last. */
  readonly since: number;
}

/** What a portfolio follows, by kind, then name. */
export const followingsOf = statement<{ key: string; afterKind: string; afterName: string; limit: Int }, FollowingRow>(
  'portfolio.followings',
  `MATCH (:Portfolio {key: $key})-[:HAS]->(f:Following)
WHERE f.isFollowed AND (f.kind > $afterKind OR (f.kind = $afterKind AND f.name > $afterName))
RETURN f.kind AS kind, f.name AS name, f.time AS since ORDER BY kind, name LIMIT $limit`,
);

export const countFollowings = statement<{ keys: readonly string[] }, { key: string; count: number }>(
  'portfolio.countFollowings',
  `UNWIND $keys AS key MATCH (p:Portfolio {key: key})
RETURN key, COUNT { (p)-[:HAS]->(f:Following) WHERE f.isFollowed } AS count`,
);

/** What stands today for what a portfolio follows, each once; what the graph does not know is left out. */
const MEMBERS = `MATCH (:Portfolio {key: $key})-[:HAS]->(f:Following) WHERE f.isFollowed
CALL (f) {
  MATCH (o:Organization {key: f.name}) WHERE f.kind = 'organization' AND NOT o:PrivateOrganization
  RETURN o.canonical AS member
  UNION ALL
  MATCH (d:Domain {name: f.name}) WHERE f.kind = 'domain' AND NOT d:PrivateDomain
  OPTIONAL MATCH (d)-[:OWNED_BY]->(w:Organization)
  RETURN coalesce(w.canonical, 'domain:' + d.name) AS member
}
WITH DISTINCT member`;

export const membersOf = statement<{ key: string }, { member: string }>(
  'portfolio.members',
  `${MEMBERS} RETURN member ORDER BY member`,
);

/** The same as a page, by key, with their names. */
export const memberPage = statement<{ key: string; afterKey: string; limit: Int }, { member: string; name: string }>(
  'portfolio.memberPage',
  `${MEMBERS} WHERE member > $afterKey
WITH member ORDER BY member LIMIT $limit
RETURN member, ${nameOf('member')} AS name ORDER BY member`,
);

import { statement } from '../statement.ts';

/** Before which time each withdrawn source no longer counts. */
export const withdrawals = statement<{ ids: readonly string[] }, { id: string; before: number }>(
  'source.withdrawals',
  `UNWIND $ids AS id MATCH (s:Source {id: id}) WHERE s.withdrawnBefore IS NOT NULL
RETURN id, s.withdrawnBefore AS before`,
);

/** `newest.<source>` of each partition of the stage that writes the graph: `[property name, time]`. */
export const newestEvents = statement<{ stage: string }, { newest: readonly (readonly [string, number])[] }>(
  'source.newestEvents',
  `MATCH (o:StreamOffset) WHERE o.id STARTS WITH $stage
RETURN [k IN keys(o) WHERE k STARTS WITH 'newest.' | [k, o[k]]] AS newest`,
);

/** Of what is public: counts that the database keeps by itself. */
export const totals = statement<
  Record<string, never>,
  { domains: number; organizations: number; claims: number; incidents: number }
>(
  'source.totals',
  `RETURN COUNT { (:Domain) } - COUNT { (:PrivateDomain) } AS domains,
  COUNT { (:Organization) } - COUNT { (:PrivateOrganization) } AS organizations,
  COUNT { ()-[:USES]->() } AS claims, COUNT { (:Incident) } AS incidents`,
);

/** What a tenant's own claims add to them; `viewer` is the tenant. */
export const ownTotals = statement<{ viewer: string }, { domains: number; organizations: number; claims: number }>(
  'source.ownTotals',
  `CALL () { MATCH ()-[own:PRIVATE_USES]->() WHERE own.tenant = $viewer RETURN count(own) AS claims }
CALL (claims) {
  MATCH (s)-[own:PRIVATE_USES]->(o) WHERE own.tenant = $viewer
  UNWIND [s, o] AS n
  WITH DISTINCT n WHERE n:PrivateDomain OR n:PrivateOrganization
  RETURN sum(CASE WHEN n:PrivateDomain THEN 1 ELSE 0 END) AS domains,
    sum(CASE WHEN n:PrivateOrganization THEN 1 ELSE 0 END) AS organizations
}
RETURN domains, organizations, claims`,
);

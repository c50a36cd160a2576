import { statement } from '../statement.ts';

/**
 * Claims that may rest on a name that no detection rule knows: page loads that called a host for an unknown purpose,
 * every DNS answer, certificates of an issuer that is no domain. It reads all claims of a graph; only an operator asks.
 */
export const claimsToMap = statement<
  { pages: readonly string[]; dns: readonly string[]; certificates: readonly string[] },
  { subject: string; organization: string | null; evidence: readonly string[] | null }
>(
  'rule.claimsToMap',
  `MATCH (s:Domain)-[u:USES]->(o)
WHERE (u.source IN $pages AND u.service = 'OTHER') OR u.source IN $dns
  OR (u.source IN $certificates AND o:Organization)
RETURN s.name AS subject, CASE WHEN o:Organization THEN coalesce(o.name, o.key) END AS organization,
  u.evidence AS evidence`,
);

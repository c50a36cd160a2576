import { statement } from '../statement.ts';
import { nameOf, owner } from './deduction.ts';

/** What stands today for each key, be it canonical, absorbed, provisional or formerly provisional. */
export const organizationsByKey = statement<
  { keys: readonly string[] },
  { key: string; canonical: string; name: string }
>(
  'organization.byKey',
  `UNWIND $keys AS key
CALL (key) {
  MATCH (o:Organization {key: key}) WHERE NOT o:PrivateOrganization RETURN o.canonical AS canonical
  UNION ALL
  MATCH (d:Domain {name: substring(key, 7)}) WHERE key STARTS WITH 'domain:' AND NOT d:PrivateDomain
  ${owner('d', 'w')}
  RETURN coalesce(w.canonical, key) AS canonical
}
RETURN key, canonical, ${nameOf('canonical')} AS name`,
);

interface NamedKeys {
  readonly key: string;
  readonly others: readonly { readonly key: string; readonly name: string | null }[];
}

export const aliasesOf = statement<{ keys: readonly string[] }, NamedKeys>(
  'organization.aliases',
  `UNWIND $keys AS key
MATCH (o:Organization {canonical: key}) WHERE o.key <> key
WITH key, o ORDER BY o.key
RETURN key, collect({key: o.key, name: o.name}) AS others`,
);

/** Other canonical organizations of which one of the names has the same letters and digits. */
export const mergeCandidatesOf = statement<{ keys: readonly string[] }, NamedKeys>(
  'organization.mergeCandidates',
  `UNWIND $keys AS key
CALL (key) {
  MATCH (o:Organization {canonical: key}) WHERE o.matchName <> ''
  WITH DISTINCT key, o.matchName AS matchName
  MATCH (other:Organization {matchName: matchName}) WHERE other.canonical <> key
  WITH DISTINCT other.canonical AS canonical ORDER BY canonical LIMIT 100
  RETURN collect({key: canonical, name: ${nameOf('canonical')}}) AS others
}
RETURN key, others`,
);

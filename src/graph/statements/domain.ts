import { statement } from '../statement.ts';
import { type Int, nameOf, organizationOf, owner } from './deduction.ts';

export interface DomainRow {
  readonly name: string;
  readonly firstSeen: number | null;
  readonly lastSeen: number | null;
  readonly vendor: boolean;
  readonly owner: string;
  readonly ownerName: string;
}

export const domainsByName = statement<{ names: readonly string[] }, DomainRow>(
  'domain.byName',
  `UNWIND $names AS name
MATCH (d:Domain {name: name}) WHERE NOT d:PrivateDomain
${owner('d', 'w')}
WITH d, ${organizationOf('d', 'w')} AS owner
RETURN d.name AS name, d.firstSeen AS firstSeen, d.lastSeen AS lastSeen, d:Vendor AS vendor, owner,
  ${nameOf('owner')} AS ownerName`,
);

/** A page of the domains that each organization owns, by name. */
export const domainsOf = statement<
  { keys: readonly string[]; afterName: string; limit: Int },
  { key: string; names: readonly string[] }
>(
  'domain.ownedBy',
  `UNWIND $keys AS key
CALL (key) {
  CALL (key) {
    MATCH (:Organization {canonical: key})<-[:OWNED_BY]-(d:Domain) RETURN d.name AS name
    UNION ALL
    MATCH (d:Domain {name: substring(key, 7)})
    WHERE key STARTS WITH 'domain:' AND NOT EXISTS { (d)-[:OWNED_BY]->() } AND NOT d:PrivateDomain
    RETURN d.name AS name
  }
  WITH name WHERE name > $afterName
  WITH name ORDER BY name LIMIT $limit
  RETURN collect(name) AS names
}
RETURN key, names`,
);

/** Each day that a source looked: `[property name, time]`. */
export const observationsOf = statement<
  { names: readonly string[] },
  { name: string; observations: readonly (readonly [string, number])[] }
>(
  'domain.observations',
  `UNWIND $names AS name
MATCH (d:Domain {name: name})
RETURN name, [k IN keys(d) WHERE k STARTS WITH 'observed.' | [k, d[k]]] AS observations`,
);

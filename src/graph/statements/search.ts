import { statement } from '../statement.ts';
import { type Int, nameOf } from './deduction.ts';

export interface SearchParams {
  readonly types: readonly string[];
  /** As typed: an organization's key. */
  readonly text: string;
  /** In lower case: what a domain's name begins with. */
  readonly domain: string;
  /** Letters and digits only, case folded: what an organization's name is compared by; null where nothing is left. */
  readonly matchName: string | null;
  /** For the full-text index; null where there is no word in it. */
  readonly words: string | null;
  /** `[rank, name, type, key]` */
  readonly after: readonly (string | number)[] | null;
  readonly limit: Int;
}

export interface SearchRow {
  readonly rank: number;
  readonly type: 'DOMAIN' | 'ORGANIZATION' | 'INCIDENT';
  readonly key: string;
  readonly name: string;
  readonly lowerName: string;
}

const rank = (name: string, text: string): string =>
  `CASE WHEN ${name} = ${text} THEN 0 WHEN ${name} STARTS WITH ${text} THEN 1 ELSE 2 END`;

/** Equal first, then what begins with the text, then what contains it. */
export const search = statement<SearchParams, SearchRow>(
  'search.search',
  `CALL () {
  MATCH (d:Domain) WHERE d.name STARTS WITH $domain AND 'DOMAIN' IN $types AND NOT d:PrivateDomain
  RETURN 'DOMAIN' AS type, d.name AS key, d.name AS name, ${rank('d.name', '$domain')} AS rank
  UNION
  MATCH (v:Vendor) WHERE v.name CONTAINS $domain AND v:Domain AND 'DOMAIN' IN $types
  RETURN 'DOMAIN' AS type, v.name AS key, v.name AS name, ${rank('v.name', '$domain')} AS rank
  UNION
  CALL () {
    MATCH (o:Organization) WHERE o.matchName CONTAINS $matchName AND 'ORGANIZATION' IN $types
    RETURN o.canonical AS canonical, ${rank('o.matchName', '$matchName')} AS nearest
    UNION ALL
    MATCH (o:Organization {key: $text}) WHERE 'ORGANIZATION' IN $types AND NOT o:PrivateOrganization
    RETURN o.canonical AS canonical, 0 AS nearest
  }
  WITH canonical, min(nearest) AS nearest
  RETURN 'ORGANIZATION' AS type, canonical AS key, ${nameOf('canonical')} AS name, nearest AS rank
  UNION
  UNWIND CASE WHEN 'INCIDENT' IN $types AND $words IS NOT NULL THEN [$words] ELSE [] END AS words
  CALL db.index.fulltext.queryNodes('incident_title', words) YIELD node AS i
  RETURN 'INCIDENT' AS type, i.key AS key, i.title AS name, ${rank('toLower(i.title)', '$domain')} AS rank
}
WITH rank, type, key, name, toLower(name) AS lowerName
WHERE $after IS NULL OR [rank, lowerName, type, key] > $after
RETURN rank, type, key, name, lowerName ORDER BY rank, lowerName, type, key LIMIT $limit`,
);

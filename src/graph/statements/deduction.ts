import { ANALYST } from '../actions.ts';
import type { integer } from '../driver.ts';

/**
 * What follows from the facts, as constant pieces of Cypher that the statements of this folder are composed of when
 * they are loaded. Section "What follows from the facts" of docs/architecture.md says it in words.
 *
 * The pieces agree on names: `s` is a claim's subject, `r` the claim, `o` its object, `key` an organization.
 */

export type Int = ReturnType<typeof integer>;

/** How claims are judged: the instant, and how far each source is trusted. Parameters of every statement here. */
export interface Judgement {
  readonly at: Int;
  readonly sources: Readonly<Record<string, { readonly prior: number; readonly freshDays: Int }>>;
  /** In ascending order. */
  readonly sourceIds: readonly string[];
  /** Services whose only provider is critical where nobody measured it. */
  readonly soleCritical: readonly string[];
}

/** First clause: what sources have been withdrawn, and the time before which they no longer count. */
export const WITHDRAWN = `WITH COLLECT {
  MATCH (w:Source) WHERE w.id IN $sourceIds AND w.withdrawnBefore IS NOT NULL RETURN [w.id, w.withdrawnBefore]
} AS withdrawn`;

/** The statement's own part: a retraction takes it back, at the same time too; a later assertion puts it in force again. */
const stands = (r: string): string => `(${r}.statedAt IS NOT NULL AND
  (${r}.retractedAt IS NULL OR ${r}.retractedAt > $at OR (${r}.retractedAt < ${r}.statedAt AND ${r}.statedAt <= $at)))`;
const STATED_IN_FORCE = stands('r');

const COMPLETE = `s['complete.' + r.source + '.' + r.service]`;

/** Needs `withdrawn`. Of most subjects nothing was ever dismissed, and they bear no label: the rest costs them nothing. */
export const IS_DISMISSED = `(s:Dismissing AND EXISTS {
    MATCH (s)-[x:DISMISSED {service: r.service}]->(o) WHERE x.firstSeen <= $at AND ${stands('x')}
      AND NOT any(w IN withdrawn WHERE w[0] = x.source AND x.lastSeen < w[1]) })`;

/** In force, were nothing dismissed. Written so that what most claims have nothing of costs little. */
export const IS_CLAIMED = `(r.firstSeen <= $at
  AND (r.sightedConfidence IS NOT NULL OR ${STATED_IN_FORCE})
  AND CASE WHEN ${COMPLETE} IS NULL THEN true ELSE ${COMPLETE} <= r.lastSeen OR ${COMPLETE} > $at END
  AND (size(withdrawn) = 0 OR NOT any(w IN withdrawn WHERE w[0] = r.source AND r.lastSeen < w[1])))`;

export const IN_FORCE = `(${IS_CLAIMED} AND NOT ${IS_DISMISSED})`;

/** Whole UTC days since the claim was last seen: the difference of the two day numbers, at least 0. */
const AGE = `CASE WHEN r.lastSeen >= $at THEN 0 ELSE $at / 86400000 - r.lastSeen / 86400000 END`;

/** 1 while its source's fresh days are not over, else 0. */
export const FRESH = `CASE WHEN ${AGE} < $sources[r.source].freshDays THEN 1 ELSE 0 END`;

/** The strongest that its source has stated, of what is in force. */
export const STATED = `CASE WHEN r.sightedConfidence IS NULL THEN r.statedConfidence
  WHEN ${STATED_IN_FORCE} AND r.statedConfidence > r.sightedConfidence THEN r.statedConfidence
  ELSE r.sightedConfidence END`;

/** What the claim adds to the confidence in a dependency: prior × stated × 2^−⌊age ÷ fresh days⌋. */
export const WEIGHT = `coalesce($sources[r.source].prior, 0.0) * ${STATED}
  * 0.5 ^ coalesce((${AGE}) / $sources[r.source].freshDays, 0)`;

/** 2: an analyst says so; 1: somebody states it; 0: it was only sighted. */
export const STANDING = `CASE WHEN r.source = '${ANALYST}' THEN 2 WHEN ${STATED_IN_FORCE} THEN 1 ELSE 0 END`;

/** When the statement was taken back, where that counts at the instant. */
export const RETRACTED_AT = `CASE WHEN r.retractedAt <= $at AND NOT ${STATED_IN_FORCE} THEN r.retractedAt END`;

/** The newest measurement is the greatest: later days above earlier ones, true above false. */
const MEASURED = `r.criticalDay * 2 + CASE WHEN r.critical THEN 1 ELSE 0 END`;

/**
 * Confidence of `[{source, weight}]`: 1 − Π(1 − cᵢ) over the sources in ascending order, cᵢ the source's strongest.
 * One claim alone, which is most of them, gives the same number without the loops.
 */
export const combined = (
  weights: string,
): string => `CASE WHEN size(${weights}) = 1 THEN 1.0 - (1.0 - ${weights}[0].weight)
  ELSE 1.0 - reduce(doubt = 1.0, id IN $sourceIds | doubt * (1.0 -
    reduce(most = 0.0, c IN ${weights} | CASE WHEN c.source = id AND c.weight > most THEN c.weight ELSE most END)))
  END`;

/** The nodes that an organization stands for, as `node`: itself, what it absorbed, and the domains that they own. */
export const nodesOf = (key: string, node: string): string => `CALL (${key}) {
  MATCH (${node}:Organization {canonical: ${key}}) RETURN ${node}
  UNION ALL
  MATCH (:Organization {canonical: ${key}})<-[:OWNED_BY]-(${node}:Domain) RETURN ${node}
  UNION ALL
  MATCH (${node}:Domain {name: substring(${key}, 7)})
  WHERE ${key} STARTS WITH 'domain:' AND NOT EXISTS { (${node})-[:OWNED_BY]->() } RETURN ${node}
}`;

/** The organization that `node` belongs to, where `owner` is what it is OWNED_BY, or null. */
export const organizationOf = (node: string, owner: string): string =>
  `coalesce(CASE WHEN ${node}:Organization THEN ${node}.canonical END, ${owner}.canonical, 'domain:' + ${node}.name)`;

export const owner = (node: string, as: string): string => `OPTIONAL MATCH (${node})-[:OWNED_BY]->(${as}:Organization)`;

/** The newest name that a source gave to any of the organizations that `key` stands for. */
export const nameOf = (key: string): string => `coalesce(head(COLLECT {
  MATCH (named:Organization {canonical: ${key}}) WHERE named.name IS NOT NULL
  RETURN named.name ORDER BY named.nameAt DESC, named.key LIMIT 1
}), CASE WHEN ${key} STARTS WITH 'domain:' THEN substring(${key}, 7) ELSE ${key} END)`;

/** A node as one string: `domain:<name>`, or an organization's key. */
export const reference = (node: string): string =>
  `CASE WHEN ${node}:Domain THEN 'domain:' + ${node}.name ELSE ${node}.key END`;

/**
 * From claims in force (`s`, `r`, `o`, and what `carry` names) to one row for each subject, service and vendor, with
 * `critical` (1 or 0). `details` is an aggregation over the claims of a row, kept as `claims`.
 *
 * Of a subject's claims for a service only the fresh ones count, if any is fresh. The newest measurement among those to
 * the vendor decides; where nobody measured, whether the vendor is the only provider, the subject itself counted.
 */
export const judged = (carry: string, details = 'null'): string => `${owner('o', 'ow')}
WITH ${carry}, s, r, ${organizationOf('o', 'ow')} AS vendor, ${FRESH} AS isFresh, ${MEASURED} AS measured
WITH ${carry}, s, r.service AS service, vendor, max(isFresh) AS fresh,
  max(CASE WHEN isFresh = 1 THEN measured END) AS whenFresh, max(CASE WHEN isFresh = 0 THEN measured END) AS whenStale,
  ${details} AS claims
WITH ${carry}, s, service, max(fresh) AS fresh,
  collect([vendor, fresh, CASE fresh WHEN 1 THEN whenFresh ELSE whenStale END, claims]) AS providers
WITH ${carry}, s, service, fresh, providers,
  service IN $soleCritical AND size([p IN providers WHERE p[1] = fresh]) = 1 AS sole
UNWIND providers AS p
WITH ${carry}, s, service, p[0] AS vendor, p[3] AS claims,
  CASE WHEN p[1] = fresh AND coalesce(p[2] % 2 <> 0, sole) THEN 1 ELSE 0 END AS critical`;

/** Keyset: what comes after the row at which the last page ended. */
export const after = (value: string, key: string): string =>
  `($afterKey IS NULL OR ${value} > $afterValue OR (${value} = $afterValue AND ${key} > $afterKey))`;

export interface Keyset {
  readonly afterValue: string | number | null;
  readonly afterKey: string | null;
  readonly limit: Int;
}

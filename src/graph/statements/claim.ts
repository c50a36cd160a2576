import { statement } from '../statement.ts';
import {
  FRESH,
  IN_FORCE,
  type Int,
  type Judgement,
  nodesOf,
  organizationOf,
  owner,
  RETRACTED_AT,
  reference,
  STATED,
  WEIGHT,
  WITHDRAWN,
} from './deduction.ts';

export interface ClaimRow {
  readonly source: string;
  /** `domain:<name>`, or an organization's key. */
  readonly subject: string;
  readonly object: string;
  readonly service: string;
  readonly stated: number;
  readonly weight: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly retractedAt: number | null;
  readonly critical: boolean | null;
  readonly fresh: number;
  readonly inForce: boolean;
  readonly evidence: readonly string[] | null;
}

const CLAIM = `{source: r.source, subject: subject, object: object, service: r.service, stated: ${STATED},
  weight: ${WEIGHT}, firstSeen: r.firstSeen, lastSeen: r.lastSeen, retractedAt: ${RETRACTED_AT},
  critical: r.critical, fresh: ${FRESH}, inForce: ${IN_FORCE}, evidence: r.evidence}`;

/** Every listing of claims is in this order, and so is its cursor. */
const LISTED = `WITH withdrawn, s, r, o, ${reference('s')} AS subject, ${reference('o')} AS object
  WITH *, [r.service, subject, object, r.source] AS position
  WHERE $after IS NULL OR position > $after
  WITH * ORDER BY position LIMIT $limit
  RETURN collect(${CLAIM}) AS claims`;

export interface End {
  readonly domain: string | null;
  readonly organization: string | null;
}

type ClaimsOfParams = Judgement & {
  readonly ends: readonly End[];
  readonly service: string | null;
  readonly includePast: boolean;
  /** `[service, subject, object, source]` */
  readonly after: readonly string[] | null;
  readonly limit: Int;
};

const endNode = (node: string) => `CALL (end) {
    MATCH (${node}:Domain {name: end.domain}) RETURN ${node}
    UNION ALL
    MATCH (${node}:Organization {key: end.organization}) RETURN ${node}
  }`;

const claimsOf = (name: string, end: string) =>
  statement<ClaimsOfParams, { place: number; claims: readonly ClaimRow[] }>(
    name,
    `${WITHDRAWN}
UNWIND range(0, size($ends) - 1) AS place
WITH withdrawn, place, $ends[place] AS end
CALL (end, withdrawn) {
  ${endNode(end)}
  MATCH (s)-[r:USES]->(o)
  WHERE ($service IS NULL OR r.service = $service) AND r.firstSeen IS NOT NULL AND ($includePast OR ${IN_FORCE})
  ${LISTED}
}
RETURN place, claims`,
  );

/** Claims of which each end is the subject. */
export const claimsOfSubjects = claimsOf('claim.ofSubjects', 's');
/** Claims of which each end is the object. */
export const claimsOfObjects = claimsOf('claim.ofObjects', 'o');

/** The claims in force behind each dependency, found from the dependent's side, where they are few. */
export const claimsBehind = statement<
  Judgement & {
    pairs: readonly { dependent: string; vendor: string }[];
    after: readonly string[] | null;
    limit: Int;
  },
  { dependent: string; vendor: string; claims: readonly ClaimRow[] }
>(
  'claim.behindDependencies',
  `${WITHDRAWN}
UNWIND $pairs AS pair
WITH withdrawn, pair.dependent AS key, pair.vendor AS vendor
CALL (key, vendor, withdrawn) {
  ${nodesOf('key', 's')}
  MATCH (s)-[r:USES]->(o) WHERE ${IN_FORCE}
  ${owner('o', 'ow')}
  WITH withdrawn, s, r, o, vendor, ${organizationOf('o', 'ow')} AS owner
  WHERE owner = vendor
  ${LISTED}
}
RETURN key AS dependent, vendor, claims`,
);

/** Claims by their keys; the subject's own claims are few, whatever the object. */
export const claimsByKey = statement<
  Judgement & {
    claims: readonly { subject: End; object: string; service: string; source: string }[];
  },
  { place: number; claim: ClaimRow }
>(
  'claim.byKey',
  `${WITHDRAWN}
UNWIND range(0, size($claims) - 1) AS place
WITH withdrawn, place, $claims[place] AS asked, $claims[place].subject AS end
${endNode('s')}
MATCH (s)-[r:USES]->(o)
WHERE r.source = asked.source AND r.service = asked.service AND r.firstSeen IS NOT NULL
WITH withdrawn, place, asked, s, r, o, ${reference('s')} AS subject, ${reference('o')} AS object
WHERE object = asked.object
RETURN place, ${CLAIM} AS claim`,
);

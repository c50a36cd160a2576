import { statement } from '../statement.ts';
import { type Int, reference } from './deduction.ts';

export const DECISION_KINDS = ['USES', 'DISMISSED', 'SAME_AS', 'OWNERSHIP_CLAIM'] as const;

/** What an analyst has stated last of these two. Ends are `domain:<name>`, or an organization's key. */
export interface DecisionRow {
  readonly kind: (typeof DECISION_KINDS)[number];
  readonly subject: string;
  readonly service: string | null;
  readonly object: string;
  readonly author: string | null;
  readonly reason: string | null;
  readonly statedAt: number | null;
  readonly retractedAt: number | null;
  readonly retractionAuthor: string | null;
  readonly retractionReason: string | null;
  /** What the source had stated before that time counts no more. */
  readonly withdrawnBefore: number | null;
}

const ROW = `type(r) AS kind, ${reference('s')} AS subject, r.service AS service, ${reference('o')} AS object,
  r.author AS author, r.reason AS reason, r.statedAt AS statedAt, r.retractedAt AS retractedAt,
  r.retractionAuthor AS retractionAuthor, r.retractionReason AS retractionReason, withdrawnBefore`;
/** First clause. A subquery after it takes the variable, so that the plan is no product of the two. */
const WITHDRAWN_BEFORE = 'OPTIONAL MATCH (w:Source {id: $source}) WITH w.withdrawnBefore AS withdrawnBefore';

const decidedBy = (kind: string): string =>
  `MATCH (s)-[r:${kind}]->(o) WHERE r.author IS NOT NULL AND r.source = $source RETURN s, r, o`;

/** Newest first, then by what they are about. */
export const decisions = statement<
  { source: string; before: Int | null; afterId: string | null; limit: Int },
  DecisionRow & { readonly id: string }
>(
  'decision.list',
  `${WITHDRAWN_BEFORE}
CALL (withdrawnBefore) {
  ${DECISION_KINDS.map(decidedBy).join(' UNION ALL ')}
}
WITH ${ROW}, [type(r), coalesce(r.service, ''), ${reference('s')}, ${reference('o')}] AS parts
WITH *, reduce(text = '', part IN parts | text + part + ' ') AS id
WHERE $before IS NULL OR statedAt < $before OR (statedAt = $before AND id > $afterId)
RETURN kind, subject, service, object, author, reason, statedAt, retractedAt, retractionAuthor, retractionReason,
  withdrawnBefore, id
ORDER BY statedAt DESC, id LIMIT $limit`,
);

export interface AskedDecision {
  readonly kind: string;
  readonly subject: { readonly domain: string | null; readonly organization: string | null };
  readonly service: string | null;
  readonly object: string;
}

/** Which of these everybody knows: what only a tenant speaks of, a decision must not make public. */
export const knownEnds = statement<{ ends: readonly AskedDecision['subject'][] }, { place: number }>(
  'decision.knownEnds',
  `UNWIND range(0, size($ends) - 1) AS place
WITH place, $ends[place] AS end
CALL (end) {
  MATCH (n:Domain {name: end.domain}) WHERE NOT n:PrivateDomain RETURN n
  UNION ALL
  MATCH (n:Organization {key: end.organization}) WHERE NOT n:PrivateOrganization RETURN n
}
RETURN place`,
);

/** Whether any source claims the use, or did once. */
export const isClaimed = statement<Omit<AskedDecision, 'kind'>, { claimed: boolean }>(
  'decision.isClaimed',
  `CALL () {
  MATCH (s:Domain {name: $subject.domain}) RETURN s
  UNION ALL
  MATCH (s:Organization {key: $subject.organization}) RETURN s
}
MATCH (s)-[r:USES]->(o) WHERE r.service = $service AND r.firstSeen IS NOT NULL AND ${reference('o')} = $object
RETURN true AS claimed LIMIT 1`,
);

/** Those of these that there are, withdrawn or not. */
export const decisionsByKey = statement<
  { source: string; asked: readonly AskedDecision[] },
  DecisionRow & { readonly place: number }
>(
  'decision.byKey',
  `${WITHDRAWN_BEFORE}
UNWIND range(0, size($asked) - 1) AS place
WITH withdrawnBefore, place, $asked[place] AS asked
CALL (asked) {
  MATCH (s:Domain {name: asked.subject.domain}) RETURN s
  UNION ALL
  MATCH (s:Organization {key: asked.subject.organization}) RETURN s
}
MATCH (s)-[r:${DECISION_KINDS.join('|')}]->(o)
WHERE type(r) = asked.kind AND r.source = $source AND coalesce(r.service, '') = coalesce(asked.service, '')
WITH withdrawnBefore, place, asked, s, r, o WHERE ${reference('o')} = asked.object
RETURN place, ${ROW}`,
);

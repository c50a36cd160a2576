import { ANALYST, type Reference } from '../graph/actions.ts';
import { type Driver, integer, integerOrNull } from '../graph/driver.ts';
import { type DecisionRow, decisions, decisionsByKey, isClaimed, knownEnds } from '../graph/statements/decision.ts';
import type { Service } from '../identity/service.ts';
import { cursorKey, toPage } from './page.ts';
import { createReader, type Reader } from './reader.ts';
import { fromReference, toEnd, toReference } from './reference.ts';
import type { Page, PageRequest } from './types.ts';

/**
 * `CONFIRMED` and `DISMISSED`: the subject uses the object for the service, or does not, whatever anybody claims.
 * `MERGED`: two organizations are one. `OWNED`: the domain belongs to the organization.
 */
export type DecisionKind = 'CONFIRMED' | 'DISMISSED' | 'MERGED' | 'OWNED';

export interface DecisionKey {
  readonly kind: DecisionKind;
  readonly subject: Reference;
  /** Of a confirmation or a dismissal. */
  readonly service: Service | undefined;
  readonly object: Reference;
}

/** Who took a decision back, why and when. */
export interface Withdrawal {
  readonly author: string | undefined;
  readonly reason: string | undefined;
  readonly withdrawnAt: number;
}

/** What an analyst has decided last, and whether it was taken back. Times are milliseconds since 1970, UTC. */
export interface Decision extends DecisionKey {
  readonly author: string | undefined;
  readonly reason: string | undefined;
  readonly decidedAt: number;
  /** There iff it was taken back, and since then was not made again. */
  readonly withdrawal: Withdrawal | undefined;
  /** It counts: it was neither taken back nor made before the time until which its source is withdrawn. */
  readonly inForce: boolean;
}

/** @throws (each question) AppError QUERY_TIMEOUT, DATABASE_UNAVAILABLE, CANCELLED */
export interface DecisionQueries {
  /** The same questions, given up at `deadline` (ms since 1970), and when `signal` aborts. */
  within(deadline: number, signal?: AbortSignal): DecisionQueries;
  /** The newest first. */
  decisions(page: PageRequest): Promise<Page<Decision>>;
  /** In the order asked; undefined where none was made. */
  decisionsByKey(keys: readonly DecisionKey[]): Promise<(Decision | undefined)[]>;
  /** Whether everybody knows each: what only a tenant's own claims speak of is not for decisions, which are public. */
  areKnown(ends: readonly Reference[]): Promise<boolean[]>;
  /** Whether any source claims the use of just these two, or did once. */
  isClaimed(use: Omit<DecisionKey, 'kind'>): Promise<boolean>;
}

const TIMEOUT_MS = 30_000;

/** @example createDecisionQueries({ driver }).decisions({ first: 50, at: Date.now() }) */
export function createDecisionQueries({ driver }: { readonly driver: Driver }): DecisionQueries {
  return bind(createReader({ driver, timeout: TIMEOUT_MS }));
}

function bind(reader: Reader): DecisionQueries {
  return {
    within: (deadline, signal) => bind(reader.within(deadline, signal)),
    async decisions(page) {
      const [before, afterId] = cursorKey(page, 'number', 'string') ?? [undefined, null];
      const limit = integer(page.first + 1);
      const rows = await reader.read(decisions, { source: ANALYST, before: integerOrNull(before), afterId, limit });
      return toPage(rows, page, toDecision, ({ statedAt, id }) => [statedAt ?? 0, id]);
    },
    async decisionsByKey(keys) {
      const asked = keys.map((key) => ({ kind: RELATIONSHIPS[key.kind], ...ends(key) }));
      const rows = asked.length === 0 ? [] : await reader.read(decisionsByKey, { source: ANALYST, asked });
      const found = new Map(rows.filter(({ statedAt }) => statedAt !== null).map((row) => [row.place, row]));
      return keys.map((_, place) => {
        const row = found.get(place);
        return row && toDecision(row);
      });
    },
    async areKnown(ends) {
      const rows = await reader.read(knownEnds, { ends: ends.map(toEnd) });
      const known = new Set(rows.map(({ place }) => place));
      return ends.map((_, place) => known.has(place));
    },
    isClaimed: async (use) => (await reader.read(isClaimed, ends(use))).length > 0,
  };
}

const ends = ({ subject, service, object }: Omit<DecisionKey, 'kind'>) => ({
  subject: toEnd(subject),
  service: service ?? null,
  object: fromReference(object),
});

const RELATIONSHIPS = {
  CONFIRMED: 'USES',
  DISMISSED: 'DISMISSED',
  MERGED: 'SAME_AS',
  OWNED: 'OWNERSHIP_CLAIM',
} as const;
const KINDS: Readonly<Record<DecisionRow['kind'], DecisionKind>> = {
  USES: 'CONFIRMED',
  DISMISSED: 'DISMISSED',
  SAME_AS: 'MERGED',
  OWNERSHIP_CLAIM: 'OWNED',
};

function toDecision(row: DecisionRow): Decision {
  const { kind, subject, service, object, author, reason, statedAt, withdrawnBefore } = row;
  const decidedAt = statedAt ?? 0;
  const withdrawal = toWithdrawal(row, decidedAt);
  return {
    kind: KINDS[kind],
    subject: toReference(subject),
    service: (service as Service | null) ?? undefined,
    object: toReference(object),
    author: author ?? undefined,
    reason: reason ?? undefined,
    decidedAt,
    withdrawal,
    inForce: withdrawal === undefined && (withdrawnBefore === null || decidedAt >= withdrawnBefore),
  };
}

/** Of the same time, a retraction is the last word. */
function toWithdrawal(row: DecisionRow, decidedAt: number): Withdrawal | undefined {
  const { retractedAt, retractionAuthor, retractionReason } = row;
  if (retractedAt === null || retractedAt < decidedAt) return undefined;
  const [author, reason] = [retractionAuthor ?? undefined, retractionReason ?? undefined];
  return { author, reason, withdrawnAt: retractedAt };
}

import { ANALYST } from './actions.ts';

/** The two conclusions that are stored, as pure functions of the claims. */

/** A statement on identity, with what decides whether it is in force. */
export interface IdentityClaim {
  readonly source: string;
  readonly statedAt: number | null;
  readonly retractedAt: number | null;
}

export interface OwnershipClaim extends IdentityClaim {
  readonly organization: string;
}

export interface MergeClaim extends IdentityClaim {
  readonly a: string;
  readonly b: string;
}

/** By source: what it said before that time no longer counts. */
export type Withdrawals = ReadonlyMap<string, number>;

/** A source's rank for ownership; the smaller counts first. */
export type RankOf = (source: string) => number;

/** Stated, not retracted at the same time or later, and not withdrawn with its source. */
export function isInForce(claim: IdentityClaim, withdrawals: Withdrawals): boolean {
  const { statedAt, retractedAt } = claim;
  return (
    statedAt !== null &&
    (retractedAt === null || retractedAt < statedAt) &&
    statedAt >= (withdrawals.get(claim.source) ?? Number.NEGATIVE_INFINITY)
  );
}

/**
 * Who owns a domain, of all that is claimed: an analyst's word first, then by the source's rank, then the newest, then
 * the smallest source id, then the smallest key. Undefined: nobody claims it, so its owner is provisional.
 */
export function resolveOwner(
  claims: readonly OwnershipClaim[],
  rankOf: RankOf,
  withdrawals: Withdrawals,
): string | undefined {
  const before = (a: OwnershipClaim, b: OwnershipClaim): number =>
    Number(b.source === ANALYST) - Number(a.source === ANALYST) ||
    rankOf(a.source) - rankOf(b.source) ||
    (b.statedAt ?? 0) - (a.statedAt ?? 0) ||
    compare(a.source, b.source) ||
    compare(a.organization, b.organization);
  return claims.filter((claim) => isInForce(claim, withdrawals)).sort(before)[0]?.organization;
}

/**
 * The canonical organization of each: the smallest key of its component among the merges in force. Every key that is
 * given or merged has an entry.
 */
export function resolveCanonical(
  keys: Iterable<string>,
  merges: readonly MergeClaim[],
  withdrawals: Withdrawals,
): Map<string, string> {
  const parent = new Map<string, string>();
  const find = (key: string): string => {
    let root = key;
    for (let up = parent.get(root); up !== undefined && up !== root; up = parent.get(root)) {
      root = up;
    }
    parent.set(key, root);
    return root;
  };
  for (const key of keys) {
    find(key);
  }
  for (const merge of merges) {
    const [a, b] = [find(merge.a), find(merge.b)];
    if (a !== b && isInForce(merge, withdrawals)) {
      parent.set(compare(a, b) < 0 ? b : a, compare(a, b) < 0 ? a : b);
    }
  }
  return new Map([...parent.keys()].map((key) => [key, find(key)]));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

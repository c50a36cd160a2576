import type { Driver } from './driver.ts';
import { inSession } from './offsets.ts';
import { type RankOf, resolveCanonical, resolveOwner, type Withdrawals } from './resolve.ts';
import { run } from './statement.ts';
import { canonicalOfAll, INVARIANTS, mergesOfAll, ownershipOfAll } from './statements/audit.ts';
import { readWithdrawals } from './statements/identity.ts';

export interface CheckReport {
  /** One sentence each; of each kind of broken invariant, at most a hundred. */
  readonly problems: readonly string[];
  readonly checked: { readonly owners: number; readonly organizations: number; readonly invariants: number };
}

const TIMEOUT = 3_600_000;

/** Resolves owners and canonical organizations again from the claims, and looks for broken invariants. */
export async function checkGraph(driver: Driver, rankOf: RankOf): Promise<CheckReport> {
  return inSession(
    driver,
    'READ',
    async (tx) => {
      const withdrawals = new Map((await run(tx, readWithdrawals, {})).map((row) => [row.source, row.before]));
      const ownership = await run(tx, ownershipOfAll, {});
      const canonical = await run(tx, canonicalOfAll, {});
      const merges = await run(tx, mergesOfAll, {});
      const problems = [
        ...wrongOwners(ownership, rankOf, withdrawals),
        ...wrongCanonical(canonical, merges, withdrawals),
      ];
      for (const invariant of INVARIANTS) {
        problems.push(...(await run(tx, invariant, {})).map((row) => row.problem));
      }
      return {
        problems,
        checked: { owners: ownership.length, organizations: canonical.length, invariants: INVARIANTS.length },
      };
    },
    TIMEOUT,
  );
}

type Ownership = NonNullable<NonNullable<(typeof ownershipOfAll)['types']>['row']>;
type Canonical = NonNullable<NonNullable<(typeof canonicalOfAll)['types']>['row']>;
type Merge = NonNullable<NonNullable<(typeof mergesOfAll)['types']>['row']>;

function wrongOwners(rows: readonly Ownership[], rankOf: RankOf, withdrawals: Withdrawals): string[] {
  return rows.flatMap(({ domain, claims, owners }) => {
    const claimed = claims.map(([source, statedAt, retractedAt, organization]) => ({
      source,
      statedAt,
      retractedAt,
      organization,
    }));
    const owner = resolveOwner(claimed, rankOf, withdrawals);
    const expected = owner === undefined ? [] : [owner];
    return expected.length === owners.length && expected[0] === owners[0]
      ? []
      : [`wrong owner: ${domain} is stored as owned by ${list(owners)}, and its claims say ${list(expected)}`];
  });
}

function wrongCanonical(rows: readonly Canonical[], merges: readonly Merge[], withdrawals: Withdrawals): string[] {
  const resolved = resolveCanonical(
    rows.map((row) => row.key),
    merges,
    withdrawals,
  );
  return rows.flatMap(({ key, canonical }) =>
    resolved.get(key) === canonical
      ? []
      : [`wrong canonical organization: ${key} is stored as ${canonical}, and its merges say ${resolved.get(key)}`],
  );
}

const list = (keys: readonly string[]): string => (keys.length === 0 ? 'nobody' : keys.join(' and '));

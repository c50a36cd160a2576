import type { ManagedTransaction } from './driver.ts';
import { type RankOf, resolveCanonical, resolveOwner, type Withdrawals } from './resolve.ts';
import { run } from './statement.ts';
import {
  holdMerges,
  type MergeRow,
  type OwnershipRow,
  readCanonical,
  readMerges,
  readOwnership,
  readWithdrawals,
  setCanonical,
  setOwners,
} from './statements/identity.ts';

/** What a domain's owner, or an organization's canonical organization, has become. */
export interface OwnerChange {
  readonly domain: string;
  /** Undefined: provisional again. */
  readonly organization: string | undefined;
}

export interface CanonicalChange {
  readonly organization: string;
  readonly canonical: string;
}

export async function withdrawals(tx: ManagedTransaction): Promise<Withdrawals> {
  return new Map((await run(tx, readWithdrawals, {})).map((row) => [row.source, row.before]));
}

/** Resolves the owners of domains again, from their claims, and stores those that have changed. */
export async function settleOwners(
  tx: ManagedTransaction,
  domains: readonly string[],
  rankOf: RankOf,
): Promise<OwnerChange[]> {
  if (domains.length === 0) {
    return [];
  }
  const rows = await run(tx, readOwnership, { domains: [...domains].sort() });
  // Read after the domains are locked, so that a withdrawal that is not seen here will find these claims itself.
  const withdrawn = await withdrawals(tx);
  const byDomain = new Map<string, OwnershipRow[]>();
  for (const row of rows) {
    byDomain.set(row.domain, [...(byDomain.get(row.domain) ?? []), row]);
  }
  const changes: OwnerChange[] = [];
  for (const [domain, claims] of byDomain) {
    const organization = resolveOwner(claims, rankOf, withdrawn);
    if (organization !== (claims[0]?.owner ?? undefined)) {
      changes.push({ domain, organization });
    }
  }
  await run(tx, setOwners, {
    rows: changes.map(({ domain, organization }) => ({ domain, organization: organization ?? null })),
  });
  return changes;
}

/** Resolves the components that these organizations are in again, and stores the canonical keys that have changed. */
export async function settleCanonical(tx: ManagedTransaction, keys: readonly string[]): Promise<CanonicalChange[]> {
  if (keys.length === 0) {
    return [];
  }
  await run(tx, holdMerges, {});
  const merges = await componentsOf(tx, keys);
  const resolved = resolveCanonical(keys, merges, await withdrawals(tx));
  const stored = await run(tx, readCanonical, { keys: [...resolved.keys()] });
  const changes = stored.flatMap(({ key, canonical }) => {
    const now = resolved.get(key) ?? key;
    return now === canonical ? [] : [{ organization: key, canonical: now }];
  });
  await run(tx, setCanonical, { rows: changes.map((c) => ({ key: c.organization, canonical: c.canonical })) });
  return changes;
}

/** Follows merge claims from organization to organization, those not in force too: they may have been until now. */
async function componentsOf(tx: ManagedTransaction, keys: readonly string[]): Promise<MergeRow[]> {
  const merges = new Map<string, MergeRow>();
  const seen = new Set(keys);
  let frontier = [...seen];
  while (frontier.length > 0) {
    const rows = await run(tx, readMerges, { keys: frontier });
    for (const row of rows) {
      merges.set(JSON.stringify([row.source, row.a, row.b]), row);
    }
    frontier = rows.flatMap((row) => [row.a, row.b]).filter((key) => !seen.has(key) && seen.add(key));
  }
  return [...merges.values()];
}

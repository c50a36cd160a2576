import { type Change, canonicalChange, ownerChange, withdrawalChange } from './changes.ts';
import { settleCanonical, settleOwners } from './conclusions.ts';
import { integer, type ManagedTransaction } from './driver.ts';
import type { SourceEntity } from './fold.ts';
import { putChanges } from './outbox.ts';
import type { RankOf } from './resolve.ts';
import { run } from './statement.ts';
import { domainsClaimedBy, pairsMergedBy, withdrawSource } from './statements/identity.ts';

/** Domains whose owner is resolved again in one transaction. */
const WITHDRAWAL_PAGE = 1_000;

/** Does the work in a transaction of its own that the slices' positions allow. */
type InTransaction = <T>(work: (tx: ManagedTransaction) => Promise<T>) => Promise<T>;

/**
 * A withdrawal may undo any number of owners, so it is carried out before the slices' own transaction, in small ones,
 * each of which may be repeated: first the withdrawal itself, from when on whoever writes heeds it, then everything that
 * was concluded from what the source had said. That is done for one that is known, too: who stored it may have been
 * killed before the rest.
 * @returns what the database held of these sources before
 */
export async function withdrawSources(
  inTransaction: InTransaction,
  sources: Iterable<SourceEntity>,
  rankOf: RankOf,
): Promise<SourceEntity[]> {
  const held: SourceEntity[] = [];
  for (const source of sources) {
    const previous = await inTransaction((tx) => withdraw(tx, source));
    if (previous !== null) held.push({ ...source, state: { withdrawnBefore: previous } });
    await settleDomainsOf(inTransaction, source.id, rankOf);
    await inTransaction(async (tx) => {
      const pairs = await run(tx, pairsMergedBy, { source: source.id });
      const keys = pairs.flatMap((p) => [p.a, p.b]);
      await emit(tx, `withdrawal/${source.id}/merges`, await settleCanonical(tx, keys), canonicalChange);
    });
  }
  return held;
}

/** Told in the same transaction: when the slices' own comes, the withdrawal is known, and would be told by nobody. */
async function withdraw(tx: ManagedTransaction, source: SourceEntity): Promise<number | null> {
  const { withdrawnBefore } = source.state;
  const [row] = await run(tx, withdrawSource, { id: source.id, before: integer(withdrawnBefore) });
  const previous = row?.previous ?? null;
  const isNew = previous === null || previous < withdrawnBefore;
  await emit(tx, `withdrawal/${source.id}/itself`, isNew ? [source] : [], withdrawalChange);
  return previous;
}

async function settleDomainsOf(inTransaction: InTransaction, source: string, rankOf: RankOf): Promise<void> {
  let after = '';
  for (;;) {
    const page = await inTransaction(async (tx) => {
      const rows = await run(tx, domainsClaimedBy, { source, after, limit: integer(WITHDRAWAL_PAGE) });
      const domains = rows.map((row) => row.domain);
      await emit(tx, `withdrawal/${source}/${after}`, await settleOwners(tx, domains, rankOf), ownerChange);
      return domains;
    });
    const last = page.at(-1);
    if (last === undefined || page.length < WITHDRAWAL_PAGE) {
      return;
    }
    after = last;
  }
}

async function emit<T>(
  tx: ManagedTransaction,
  id: string,
  items: readonly T[],
  describe: (item: T) => Change,
): Promise<void> {
  await putChanges(tx, `${id}/${Date.now()}`, items.map(describe));
}

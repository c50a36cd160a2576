import { type Change, canonicalChange, ownerChange } from './changes.ts';
import { settleCanonical, settleOwners } from './conclusions.ts';
import { type Driver, integer, type ManagedTransaction } from './driver.ts';
import type { SourceEntity } from './fold.ts';
import { inSession } from './offsets.ts';
import { putChanges } from './outbox.ts';
import type { RankOf } from './resolve.ts';
import { run } from './statement.ts';
import { domainsClaimedBy, pairsMergedBy, withdrawSource } from './statements/identity.ts';

/** Domains whose owner is resolved again in one transaction. */
const WITHDRAWAL_PAGE = 1_000;

/**
 * A withdrawal may undo any number of owners, so it is carried out before the slice's own transaction, in small ones,
 * each of which may be repeated: first the withdrawal itself, from when on whoever writes heeds it, then everything that
 * was concluded from what the source had said.
 */
export async function withdrawSources(driver: Driver, sources: readonly SourceEntity[], rankOf: RankOf): Promise<void> {
  for (const { id, state } of sources) {
    const before = integer(state.withdrawnBefore);
    await inSession(driver, 'WRITE', (tx) => run(tx, withdrawSource, { id, before }));
    await settleDomainsOf(driver, id, rankOf);
    await inSession(driver, 'WRITE', async (tx) => {
      const pairs = await run(tx, pairsMergedBy, { source: id });
      await emit(
        tx,
        `withdrawal/${id}/merges`,
        await settleCanonical(
          tx,
          pairs.flatMap((p) => [p.a, p.b]),
        ),
        canonicalChange,
      );
    });
  }
}

async function settleDomainsOf(driver: Driver, source: string, rankOf: RankOf): Promise<void> {
  let after = '';
  for (;;) {
    const page = await inSession(driver, 'WRITE', async (tx) => {
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

import { AppError } from '../errors.ts';
import type { GraphAction } from './actions.ts';
import { type Batch, foldBatch, type Outcome, planBatch } from './batch.ts';
import { type Change, canonicalChange, describeChanges, ownerChange } from './changes.ts';
import { DAY } from './claim-state.ts';
import { settleCanonical, settleOwners } from './conclusions.ts';
import type { Driver, ManagedTransaction } from './driver.ts';
import type { SourceEntity } from './fold.ts';
import { advance, type Counters, fence, inSession, offsetId, requireSame, type Slice } from './offsets.ts';
import { putChanges } from './outbox.ts';
import { createKnownNodes, pointAt } from './pointed-at.ts';
import { createRepeats } from './repeats.ts';
import type { RankOf } from './resolve.ts';
import { run } from './statement.ts';
import { holdSources } from './statements/identity.ts';
import { readStored } from './stored.ts';
import { withdrawSources } from './withdraw.ts';
import { writeDirty } from './write-dirty.ts';

/** One message of a slice, after mapping. `filtered` and `dead-lettered` ones bring no actions and are only counted. */
export interface MappedEvent {
  readonly actions: readonly GraphAction[];
  readonly outcome: 'mapped' | 'filtered' | 'dead-lettered';
}

export interface WriteBatch extends Slice {
  /** In the order of their offsets. */
  readonly events: readonly MappedEvent[];
}

export interface Writer {
  /**
   * Folds a slice of one partition into the graph and moves the partition's position on, in one transaction. Before it
   * come withdrawals of sources (decision 7) and the nodes that the slice points at (decision 19), in small ones that
   * begin with the same checks and may be repeated: of a slice that is not written these alone may be left.
   * @returns what became of each message: applied (it changed something), superseded (all of it was known or outdated),
   *   filtered (it asks for nothing) or dead-lettered. Positions that hold no message count as filtered.
   * @throws AppError FENCED where another consumer has written the partition; DATABASE_UNAVAILABLE where a retry helps;
   *   DATABASE_REPLACED where only a new process helps
   */
  write(batch: WriteBatch): Promise<Counters>;
}

/**
 * The only code that writes the graph. `rankOf` gives a source's rank for ownership, the smaller first.
 * Several writers may work side by side: each takes the locks of the nodes whose state it changes before it reads them.
 */
export function createWriter({ driver, rankOf }: { readonly driver: Driver; readonly rankOf: RankOf }): Writer {
  const repeats = createRepeats();
  const known = createKnownNodes();
  let graph: string | undefined;

  /** Positions, rules and what is remembered belong to one database; in another, only a new start is right. */
  const recognise = (found: string): void => {
    graph ??= found;
    requireSame(graph, found);
  };

  /** A position that is another than expected may also mean that the database was restored from an earlier time. */
  const forgetIfFenced = (error: unknown): never => {
    if (error instanceof AppError && error.code === 'FENCED') {
      repeats.forget();
      known.forget();
    }
    throw error;
  };

  /** A transaction that the slice's position allows. */
  const transaction = <T>(slice: Slice, work: (tx: ManagedTransaction) => Promise<T>): Promise<T> =>
    inSession(driver, 'WRITE', async (tx) => {
      recognise(await fence(tx, slice));
      return work(tx);
    }).catch(forgetIfFenced);

  /** Before the slice's own transaction, which would hold the locks of new vendors until its end: see decision 19. */
  const makePointedAt = async (slice: Slice, plan: Batch): Promise<void> => {
    const missing = known.unknownOf(plan.pointedAt);
    if (missing.length > 0) {
      await transaction(slice, (tx) => pointAt(tx, missing));
      known.remember(missing);
    }
  };

  return {
    async write(batch) {
      const mapped = batch.events.filter((event) => event.outcome === 'mapped').map((event) => event.actions);
      const fresh = mapped
        .map((actions) => actions.filter((action) => !repeats.covers(action)))
        .filter((actions) => actions.length > 0);
      const plan = planBatch(fresh);
      const sources = await withdrawSources((work) => transaction(batch, work), plan.withdrawals.values(), rankOf);
      await makePointedAt(batch, plan);
      const counters = await transaction(batch, async (tx) => {
        const applied = fresh.length === 0 ? 0 : await writePlan(tx, plan, { batch, rankOf, sources });
        const counters = countOutcomes(batch, mapped, applied);
        await advance(tx, batch, counters, newestOf(mapped));
        return counters;
      });
      for (const actions of fresh) {
        repeats.remember(actions);
      }
      return counters;
    },
  };
}

/** By source, the time of its newest event: how fresh the graph is. */
function newestOf(mapped: readonly (readonly GraphAction[])[]): Map<string, number> {
  const newest = new Map<string, number>();
  for (const action of mapped.flat()) {
    const time = timeOf(action);
    if ('source' in action && time > (newest.get(action.source) ?? Number.NEGATIVE_INFINITY)) {
      newest.set(action.source, time);
    }
  }
  return newest;
}

function timeOf(action: GraphAction): number {
  switch (action.type) {
    case 'sight-use':
      return action.evidence.observedAt;
    case 'observe-domain':
      return action.observedAt;
    case 'complete-observation':
      return action.day * DAY;
    case 'withdraw-source':
      return Number.NEGATIVE_INFINITY;
    default:
      return action.time;
  }
}

function countOutcomes(batch: WriteBatch, mapped: readonly (readonly unknown[])[], applied: number): Counters {
  const asking = mapped.filter((actions) => actions.length > 0).length;
  const deadLettered = batch.events.filter((event) => event.outcome === 'dead-lettered').length;
  return {
    applied,
    superseded: asking - applied,
    filtered: batch.next - batch.from - asking - deadLettered,
    deadLettered,
  };
}

interface PlanContext {
  readonly batch: Slice;
  readonly rankOf: RankOf;
  /** What was held of the sources that the batch withdraws. */
  readonly sources: readonly SourceEntity[];
}

/** @returns how many events changed something */
async function writePlan(
  tx: ManagedTransaction,
  plan: Batch,
  { batch, rankOf, sources }: PlanContext,
): Promise<number> {
  if (plan.identitySources.length > 0) {
    await run(tx, holdSources, { ids: plan.identitySources });
  }
  const stored = await readStored(tx, plan, sources);
  const outcome = foldBatch(plan, stored.entities);
  // The changes are encoded while the database writes.
  const [, described] = await Promise.all([
    writeDirty(tx, [...outcome.dirty.values()], stored),
    describeChanges(outcome.dirty, stored),
  ]);
  const changes = [...described, ...(await settle(tx, outcome, rankOf))];
  await putChanges(tx, `${offsetId(batch)}/${batch.from}`, changes);
  return outcome.changed.filter(Boolean).length;
}

/** Owners and canonical organizations that the batch may have changed. */
async function settle(tx: ManagedTransaction, { dirty }: Outcome, rankOf: RankOf): Promise<Change[]> {
  const domains = new Set<string>();
  const organizations = new Set<string>();
  for (const entity of dirty.values()) {
    if (entity.entity === 'claim') {
      const { kind, subject, object } = entity.key;
      if (kind === 'OWNERSHIP_CLAIM' && subject.kind === 'domain') {
        domains.add(subject.name);
      } else if (kind === 'SAME_AS' && subject.kind === 'organization' && object.kind === 'organization') {
        organizations.add(subject.key).add(object.key);
      }
    }
  }
  const owners = await settleOwners(tx, [...domains], rankOf);
  const canonical = await settleCanonical(tx, [...organizations]);
  return [...owners.map(ownerChange), ...canonical.map(canonicalChange)];
}

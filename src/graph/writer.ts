import { LRUCache } from 'lru-cache';
import { AppError } from '../errors.ts';
import type { GraphAction } from './actions.ts';
import { type Batch, foldBatch, type Outcome, planBatch } from './batch.ts';
import {
  type Change,
  canonicalChange,
  claimChange,
  completionChanges,
  encodeChanges,
  ownerChange,
  withdrawalChange,
} from './changes.ts';
import { DAY } from './claim-state.ts';
import { settleCanonical, settleOwners } from './conclusions.ts';
import { type Driver, integer, type ManagedTransaction } from './driver.ts';
import type { Entity, SourceEntity } from './fold.ts';
import { advance, type Counters, fence, inSession, offsetId, type Slice } from './offsets.ts';
import { createRepeats } from './repeats.ts';
import type { RankOf } from './resolve.ts';
import { run } from './statement.ts';
import { domainsClaimedBy, holdSources, pairsMergedBy, withdrawSource } from './statements/identity.ts';
import { createOutbox } from './statements/write.ts';
import { readStored, type Stored } from './stored.ts';
import { type KnownNodes, writeDirty } from './write-dirty.ts';

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
   * Folds a slice of one partition into the graph and moves the partition's position on, in one transaction.
   * @returns what became of each message: applied (it changed something), superseded (all of it was known or outdated),
   *   filtered (it asks for nothing) or dead-lettered. Positions that hold no message count as filtered.
   * @throws AppError FENCED where another consumer has written the partition; DATABASE_UNAVAILABLE where a retry helps;
   *   DATABASE_REPLACED where only a new process helps
   */
  write(batch: WriteBatch): Promise<Counters>;
}

/** Vendors that a writer remembers as being there. */
const KNOWN_NODES = 100_000;

/** Domains whose owner is resolved again in one transaction when a source is withdrawn. */
const WITHDRAWAL_PAGE = 1_000;

/**
 * The only code that writes the graph. `rankOf` gives a source's rank for ownership, the smaller first.
 * Several writers may work side by side: each takes the locks of the nodes whose state it changes before it reads them.
 */
export function createWriter({ driver, rankOf }: { readonly driver: Driver; readonly rankOf: RankOf }): Writer {
  const repeats = createRepeats();
  // Popular vendors: nodes that need not be looked for again.
  const known = new LRUCache<string, true>({ max: KNOWN_NODES });
  let graph: string | undefined;

  /** Positions, rules and what is remembered belong to one database; in another, only a new start is right. */
  const recognise = (found: string): void => {
    graph ??= found;
    if (graph !== found) {
      throw new AppError(
        'DATABASE_REPLACED',
        'The database is another than the one that this process began with; start it again, and it fills this one.',
      );
    }
  };

  /** A position that is another than expected may also mean that the database was restored from an earlier time. */
  const forgetIfFenced = (error: unknown): never => {
    if (error instanceof AppError && error.code === 'FENCED') {
      repeats.forget();
      known.clear();
    }
    throw error;
  };

  return {
    async write(batch) {
      const mapped = batch.events.filter((event) => event.outcome === 'mapped').map((event) => event.actions);
      const fresh = mapped
        .map((actions) => actions.filter((action) => !repeats.covers(action)))
        .filter((actions) => actions.length > 0);
      const plan = planBatch(fresh);
      await withdrawSources(driver, plan, rankOf);
      const { counters, pointed } = await inSession(driver, 'WRITE', async (tx) => {
        recognise(await fence(tx, batch));
        const written = fresh.length === 0 ? NOTHING : await writePlan(tx, plan, { batch, rankOf, known });
        const counters = countOutcomes(batch, mapped, written.applied);
        await advance(tx, batch, counters, { newest: newestOf(mapped) });
        return { counters, pointed: written.pointed };
      }).catch(forgetIfFenced);
      for (const name of pointed) {
        known.set(name, true);
      }
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

/** `applied`: how many events changed something; `pointed`: nodes that are vendors once this is committed. */
interface Written {
  readonly applied: number;
  readonly pointed: readonly string[];
}

const NOTHING: Written = { applied: 0, pointed: [] };

interface PlanContext {
  readonly batch: Slice;
  readonly rankOf: RankOf;
  readonly known: KnownNodes;
}

async function writePlan(tx: ManagedTransaction, plan: Batch, { batch, rankOf, known }: PlanContext): Promise<Written> {
  if (plan.identitySources.length > 0) {
    await run(tx, holdSources, { ids: plan.identitySources });
  }
  const stored = await readStored(tx, plan);
  const outcome = foldBatch(plan, stored.entities);
  const pointed = await writeDirty(tx, [...outcome.dirty.values()], { stored, known, affected: plan.affected });
  const changes = [...describeChanges(outcome, stored), ...(await settle(tx, outcome, rankOf))];
  if (changes.length > 0) {
    await run(tx, createOutbox, { id: `${offsetId(batch)}/${batch.from}`, payload: encodeChanges(changes) });
  }
  return { applied: outcome.changed.filter(Boolean).length, pointed };
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

function describeChanges({ dirty }: Outcome, stored: Stored): Change[] {
  return [...dirty].flatMap(([id, entity]) => {
    if (entity.entity === 'claim') {
      return [claimChange(entity)];
    }
    if (entity.entity === 'domain') {
      const before = stored.entities.get(id);
      return completionChanges(before?.entity === 'domain' ? before : undefined, entity);
    }
    return entity.entity === 'source' ? [withdrawalChange(entity.id, entity.state.withdrawnBefore)] : [];
  });
}

/**
 * A withdrawal may undo any number of owners, so it is carried out before the slice's own transaction, in small ones,
 * each of which may be repeated: first the withdrawal itself, from when on whoever writes heeds it, then everything that
 * was concluded from what the source had said.
 */
async function withdrawSources(driver: Driver, plan: Batch, rankOf: RankOf): Promise<void> {
  const isSource = (e: Entity): e is SourceEntity => e.entity === 'source';
  for (const { id, state } of plan.events.flat().filter(isSource)) {
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
  if (items.length > 0) {
    await run(tx, createOutbox, { id: `${id}/${Date.now()}`, payload: encodeChanges(items.map(describe)) });
  }
}

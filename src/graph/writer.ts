import { AppError } from '../errors.ts';
import type { GraphAction } from './actions.ts';
import { type Batch, foldBatch, type Outcome, planBatch } from './batch.ts';
import { type Change, canonicalChange, describeChanges, ownerChange } from './changes.ts';
import { DAY } from './claim-state.ts';
import { settleCanonical, settleOwners } from './conclusions.ts';
import type { Driver, ManagedTransaction } from './driver.ts';
import { identifyEnd, type SourceEntity } from './fold.ts';
import {
  advance,
  type Counters,
  fence,
  inSession,
  offsetId,
  type Progress,
  requireSame,
  type Slice,
} from './offsets.ts';
import { putChanges } from './outbox.ts';
import { createKnownNodes, pointAt } from './pointed-at.ts';
import { sightingsName } from './properties.ts';
import {
  createRepeats,
  type KnownDomain,
  lookedAt,
  type Repeats,
  type SightingsByDomain,
  sightingsIn,
} from './repeats.ts';
import type { RankOf } from './resolve.ts';
import { joinSightings } from './sightings.ts';
import { run } from './statement.ts';
import { holdSources } from './statements/identity.ts';
import { readSighted, readStored, type Stored } from './stored.ts';
import { withdrawSources } from './withdraw.ts';
import { type KeptOfDomain, writeDirty } from './write-dirty.ts';

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
  /** The same for slices of several partitions at once, in one transaction: all of them are written, or none is. */
  writeTogether(batches: readonly WriteBatch[]): Promise<Counters[]>;
  /** Call before positions are read anew: a database may be an earlier state of itself by then. */
  forget(): void;
}

/**
 * The only code that writes the graph. `rankOf` gives a source's rank for ownership, the smaller first.
 * Several writers may work side by side: each takes the locks of the nodes whose state it changes before it reads them.
 */
export function createWriter({ driver, rankOf }: { readonly driver: Driver; readonly rankOf: RankOf }): Writer {
  const repeats = createRepeats();
  const known = createKnownNodes();
  let graph: string | undefined;
  /**
   * Of what was not remembered last, most was in the graph already: a crawl is repeated whole, or not at all. Who
   * remembers nothing had better look.
   */
  let isRepeated = true;

  /** Positions, rules and what is remembered belong to one database; in another, only a new start is right. */
  const recognise = (found: string): void => {
    graph ??= found;
    requireSame(graph, found);
  };

  const forget = (): void => {
    repeats.forget();
    known.forget();
    isRepeated = true;
  };

  /** A position that is another than expected may also mean that the database was restored from an earlier time. */
  const forgetIfFenced = (error: unknown): never => {
    if (error instanceof AppError && error.code === 'FENCED') forget();
    throw error;
  };

  /** A transaction that the slices' positions allow. */
  const transaction = <T>(slices: readonly Slice[], work: (tx: ManagedTransaction) => Promise<T>): Promise<T> =>
    inSession(driver, 'WRITE', async (tx) => {
      recognise(await fence(tx, slices));
      return work(tx);
    }).catch(forgetIfFenced);

  /** Before the slices' own transaction, which would hold the locks of new vendors until its end: see decision 19. */
  const makePointedAt = async (slices: readonly Slice[], plan: Batch): Promise<void> => {
    const missing = known.unknownOf(plan.pointedAt);
    if (missing.length > 0) {
      await transaction(slices, (tx) => pointAt(tx, missing));
      known.remember(missing);
    }
  };

  /** Looks what the graph knows of it: where that is most of it, this costs a fraction of what folding it would. */
  const recall = async (parts: readonly Part[]): Promise<readonly Part[]> => {
    const { names, sources } = lookedAt(parts.flatMap((part) => part.fresh));
    if (names.length === 0) return parts;
    const { graph: found, domains } = await readSighted(driver, names, sources);
    if (found === undefined) return parts;
    recognise(found);
    repeats.remember(domains);
    return parts.map((part) => ({ ...part, fresh: freshOf(repeats, part.fresh) }));
  };

  const writeTogether = async (batches: readonly WriteBatch[]): Promise<Counters[]> => {
    const unremembered = batches.map((batch) => partOf(repeats, batch));
    const parts = isRepeated ? await recall(unremembered) : unremembered;
    const fresh = parts.flatMap((part) => part.fresh);
    const plan = planBatch(fresh);
    const sources = await withdrawSources((work) => transaction(batches, work), plan.withdrawals.values(), rankOf);
    await makePointedAt(batches, plan);
    const sighted = sightingsIn(fresh.flat());
    const { progress, domains } = await transaction(batches, async (tx) => {
      const { changed, domains } =
        fresh.length === 0 ? NOTHING_NEW : await writePlan(tx, plan, { slices: batches, rankOf, sources, sighted });
      const progress = progressOf(parts, changed);
      await advance(tx, progress);
      return { progress, domains };
    });
    repeats.remember(domains);
    repeats.rememberNames(fresh.flat());
    isRepeated = wasMostlyKnown(unremembered, progress) ?? isRepeated;
    return progress.map(({ counters }) => counters);
  };

  return {
    forget,
    writeTogether,
    async write(batch) {
      const [counters] = await writeTogether([batch]);
      return counters as Counters;
    },
  };
}

/** A batch, and what it asks of the graph. */
interface Part {
  readonly batch: WriteBatch;
  /** The actions of each event that has any meaning for the graph. */
  readonly mapped: readonly (readonly GraphAction[])[];
  /** What of these is not known to be in the graph. */
  readonly fresh: readonly (readonly GraphAction[])[];
}

function partOf(repeats: Repeats, batch: WriteBatch): Part {
  const mapped = batch.events.filter((event) => event.outcome === 'mapped').map((event) => event.actions);
  return { batch, mapped, fresh: freshOf(repeats, mapped) };
}

function freshOf(repeats: Repeats, events: Part['fresh']): Part['fresh'] {
  return events
    .map((actions) => actions.filter((action) => !repeats.covers(action)))
    .filter((actions) => actions.length > 0);
}

/** Whether most of what was not remembered was in the graph; undefined where all was remembered. */
function wasMostlyKnown(unremembered: readonly Part[], progress: readonly Progress[]): boolean | undefined {
  const asked = unremembered.reduce((sum, part) => sum + part.fresh.length, 0);
  const applied = progress.reduce((sum, { counters }) => sum + counters.applied, 0);
  return asked === 0 ? undefined : applied < asked / 2;
}

/** `changed` tells of each fresh event, part after part, whether it has changed anything. */
function progressOf(parts: readonly Part[], changed: readonly boolean[]): Progress[] {
  let from = 0;
  return parts.map(({ batch, mapped, fresh }) => {
    const applied = changed.slice(from, from + fresh.length).filter(Boolean).length;
    from += fresh.length;
    return { ...batch, counters: countOutcomes(batch, mapped, applied), newest: newestOf(mapped) };
  });
}

/** By source, the time of its newest event: how fresh the graph is. */
function newestOf(mapped: readonly (readonly GraphAction[])[]): Map<string, number> {
  const newest = new Map<string, number>();
  for (const actions of mapped) {
    for (const action of actions) {
      const time = timeOf(action);
      if ('source' in action && time > (newest.get(action.source) ?? Number.NEGATIVE_INFINITY)) {
        newest.set(action.source, time);
      }
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
  readonly slices: readonly Slice[];
  readonly rankOf: RankOf;
  /** What was held of the sources that the batch withdraws. */
  readonly sources: readonly SourceEntity[];
  readonly sighted: SightingsByDomain;
}

interface Written {
  /** Whether each event changed something. */
  readonly changed: readonly boolean[];
  /** What the graph then holds of the domains that were looked at. */
  readonly domains: readonly KnownDomain[];
}

const NOTHING_NEW: Written = { changed: [], domains: [] };

async function writePlan(
  tx: ManagedTransaction,
  plan: Batch,
  { slices, rankOf, sources, sighted }: PlanContext,
): Promise<Written> {
  if (plan.identitySources.length > 0) {
    await run(tx, holdSources, { ids: plan.identitySources });
  }
  const stored = await readStored(tx, plan, sources);
  const outcome = foldBatch(plan, stored.entities);
  const kept = keptSightings(sighted, stored.domains);
  // The changes are encoded while the database writes.
  const [, described] = await Promise.all([
    writeDirty(tx, [...outcome.dirty.values()], kept, stored),
    describeChanges(outcome.dirty, stored),
  ]);
  const changes = [...described, ...(await settle(tx, outcome, rankOf))];
  const [first] = slices;
  if (first !== undefined) await putChanges(tx, `${offsetId(first)}/${first.from}`, changes);
  return { changed: outcome.changed, domains: knownDomains(plan, outcome, stored, kept) };
}

/** By domain, for the sources that the batch speaks of. */
function keptSightings(sighted: SightingsByDomain, held: Stored['domains']): Map<string, KeptOfDomain> {
  const kept = new Map<string, KeptOfDomain>();
  for (const [domain, bySource] of sighted) {
    const properties = held.get(domain);
    const sightings: [string, unknown][] = [];
    const written: Record<string, unknown> = {};
    for (const [source, more] of bySource) {
      const before = properties?.[sightingsName(source)];
      const joined = joinSightings(before, more);
      if (joined !== undefined) written[sightingsName(source)] = joined;
      sightings.push([source, joined ?? before]);
    }
    kept.set(domain, { sightings, written });
  }
  return kept;
}

/** What the graph holds, once the batch is committed, of the domains that it says were looked at. */
function knownDomains(
  plan: Batch,
  outcome: Outcome,
  stored: Stored,
  kept: ReadonlyMap<string, KeptOfDomain>,
): KnownDomain[] {
  const known = plan.domains.map(({ id: name }): KnownDomain => {
    const identity = identifyEnd({ kind: 'domain', name });
    const entity = outcome.dirty.get(identity) ?? stored.entities.get(identity);
    const days = entity?.entity === 'domain' ? [...entity.state.days] : [];
    return { name, days, sightings: kept.get(name)?.sightings ?? [] };
  });
  return known.filter(({ days, sightings }) => days.length > 0 || sightings.length > 0);
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

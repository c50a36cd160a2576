import type { Sources } from '../governance/sources.ts';
import { instantOf } from '../queries/page.ts';
import type { ExposureQueries } from '../queries/types.ts';
import { countDependencies, listDependencies, oneDependency } from './dependency-questions.ts';
import type { Facts } from './facts.ts';
import type { Present } from './present.ts';
import { Presents } from './presents.ts';
import { Asked } from './question.ts';
import { blastRadius, blastRadiusOrganizations, exposurePaths, nthParties } from './reach-questions.ts';
import { type Cancelled, Scheduler } from './scheduler.ts';
import { createTrust } from './trust.ts';
import { concentrationRisk, vendors, vendorTotal } from './vendor-questions.ts';
import type { Work } from './work.ts';

/** The questions that the index answers; what it has no facts for stays with the database. */
export const INDEXED = [
  'dependenciesOf',
  'dependentsOf',
  'dependencyTotalsOf',
  'dependentTotalsOf',
  'dependency',
  'nthParties',
  'blastRadius',
  'blastRadiusOrganizations',
  'exposurePaths',
  'concentrationRisk',
  'vendors',
  'vendorTotal',
] as const;
export type Indexed = (typeof INDEXED)[number];
export type IndexedQueries = Pick<ExposureQueries, Indexed>;

export interface ExposureIndexOptions {
  /** From how many claims on it a vendor's dependents are kept in order. */
  readonly hubSize?: number;
  readonly clock?: () => number;
}

/** How something is asked. */
export interface Asking {
  readonly deadline: number | undefined;
  readonly signal: Cancelled | undefined;
  readonly tenant: string | undefined;
}

/** How long what a withdrawal touches is worked off between two questions; mending it takes about as long again. */
const SETTLED_FOR_MS = 1;

/** Kept in order they cost some 100 bytes each; found anew, about a microsecond each. */
const HUB_SIZE = 4_000;

/**
 * The exposure questions over the facts in memory. Questions run side by side, changes between them, all on the thread
 * that this is made on: the API runs it on a thread of its own.
 */
export class ExposureIndex {
  readonly facts: Facts;
  readonly presents: Presents;
  readonly #scheduler = new Scheduler();
  readonly #clock: () => number;

  constructor(facts: Facts, sources: Sources, { hubSize = HUB_SIZE, clock = Date.now }: ExposureIndexOptions = {}) {
    this.facts = facts;
    this.#clock = clock;
    this.presents = new Presents(facts, createTrust(facts, sources), clock(), { hubSize });
  }

  /** Applies changes of the facts between two questions. What follows from a withdrawal is worked off between more. */
  async change(change: () => void): Promise<void> {
    await this.#between(change);
    while (this.facts.isUnsettled) await this.#between(() => {});
  }

  #between(change: () => void): Promise<void> {
    return this.#scheduler.change(() => {
      const end = performance.now() + SETTLED_FOR_MS;
      // What is stated as of now is then no turn to come: these would pile up while nobody asks.
      this.presents.advance(this.#clock());
      try {
        change();
        this.facts.settleSome(() => performance.now() > end);
      } finally {
        this.presents.settle();
      }
    });
  }

  /** Keeps changes away until the work is done; questions go on. */
  whileUnchanged<T>(work: () => Promise<T>): Promise<T> {
    return this.#scheduler.whileUnchanged(work);
  }

  /** Works out what every claim is at present, so that no question has to. */
  warm(): Promise<void> {
    return this.#scheduler.ask(() => this.presents.everybodys.warm());
  }

  /**
   * The questions as that tenant sees the graph (undefined: what is public), given up at `deadline` (ms since 1970) with
   * AppError QUERY_TIMEOUT, and by `signal` with CANCELLED.
   */
  queries(deadline?: number, signal?: Cancelled, tenant?: string): IndexedQueries {
    const ask = <T>(at: number, question: (asked: Asked) => Work<T>): Promise<T> =>
      this.#ask(at, question, { deadline, signal, tenant });
    return {
      dependenciesOf: (keys, args, page) =>
        ask(instantOf(page), (asked) => listDependencies(asked, 'uses', keys, args, page)),
      dependentsOf: (keys, args, page) =>
        ask(instantOf(page), (asked) => listDependencies(asked, 'usedBy', keys, args, page)),
      dependencyTotalsOf: (keys, args, at) => ask(at, (asked) => countDependencies(asked, 'uses', keys, args)),
      dependentTotalsOf: (keys, args, at) => ask(at, (asked) => countDependencies(asked, 'usedBy', keys, args)),
      dependency: (pair, at) => ask(at, (asked) => oneDependency(asked, pair)),
      nthParties: (key, args, page) => ask(instantOf(page), (asked) => nthParties(asked, key, args, page)),
      blastRadius: (key, args, at) => ask(at, (asked) => blastRadius(asked, key, args)),
      blastRadiusOrganizations: (key, args, page) =>
        ask(instantOf(page), (asked) => blastRadiusOrganizations(asked, key, args, page)),
      exposurePaths: (args, page) => ask(instantOf(page), (asked) => exposurePaths(asked, args, page)),
      concentrationRisk: (args, page) => ask(instantOf(page), (asked) => concentrationRisk(asked, args, page)),
      vendors: (args, page) => ask(instantOf(page), (asked) => vendors(asked, args, page)),
      vendorTotal: (args, at) => ask(at, (asked) => vendorTotal(asked, args)),
    };
  }

  async #ask<T>(at: number, question: (asked: Asked) => Work<T>, { deadline, signal, tenant }: Asking): Promise<T> {
    const { presents } = this;
    const now = this.#clock();
    // Looked up anew at each turn: one that other tenants have pushed out meanwhile is told of no change any more.
    const present = (): Present => presents.of(tenant, now);
    if (present().isBehind(at, now)) void this.#scheduler.advance(() => present().advance(Math.min(at, now)));
    return this.#scheduler.ask(
      function* (): Work<T> {
        const held = present();
        held.view.fit();
        const isPresent = at <= now && held.holdsAt(at);
        const answer = yield* question(new Asked(held, at, isPresent));
        // Something that was looked at for the first time may begin or end between the present and that instant.
        if (!isPresent || held.holdsAt(at)) return answer;
        return yield* question(new Asked(held, at, false));
      },
      deadline,
      signal,
    );
  }
}

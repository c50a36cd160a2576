import type { DependencyOrder } from '../queries/types.ts';
import { claimsByVendor, nodesOf } from './dependency.ts';
import { Hub } from './hub.ts';
import { HubAt } from './hub-at.ts';
import { UnderWay } from './under-way.ts';
import type { View } from './view.ts';
import type { Work } from './work.ts';

/** Dependents of hubs that are kept, together; each takes some 100 bytes. */
export const MOST_DEPENDENTS = 2_000_000;
/** Other instants at which a hub is kept: each is somebody who pages through it. */
const MOST_INSTANTS = 64;

interface Kept {
  readonly hub: Hub;
  /** By instant; the last used is the last in line. */
  readonly others: Map<number, HubAt>;
}

/** The hubs of one view, kept as its facts change. */
export class Hubs {
  readonly #view: View;
  readonly #hubSize: number;
  /** The last used is the last in line. */
  #kept = new Map<number, Kept>();
  readonly #underWay = new UnderWay();

  /** `hubSize`: from how many claims on a vendor is a hub. */
  constructor(view: View, hubSize: number) {
    this.#view = view;
    this.#hubSize = hubSize;
  }

  /** The vendor's dependents, in that order too, or undefined where it has so few that they are as well found anew. */
  *of(vendor: number, order?: DependencyOrder): Work<Hub | undefined> {
    return (yield* this.#keptOf(vendor, order))?.hub;
  }

  *#keptOf(vendor: number, order: DependencyOrder | undefined): Work<Kept | undefined> {
    let kept = yield* this.#underWay.once(`hub ${vendor}`, () => this.#kept.get(vendor));
    if (kept === undefined) {
      if (!this.#isHub(vendor)) return undefined;
      kept = { hub: new Hub(this.#view, vendor), others: new Map() };
      yield* this.#underWay.doing(`hub ${vendor}`, kept.hub.build());
    }
    const { hub } = kept;
    this.#keep(kept);
    hub.settle();
    if (order !== undefined) {
      const name = `sort ${vendor} ${order}`;
      yield* this.#underWay.once(name, () => undefined);
      if (!hub.isSorted(order)) yield* this.#underWay.doing(name, hub.sort(order));
    }
    return kept;
  }

  /**
   * The same at another instant of the view's day. `viewOf` judges one dependent then; `turning` tells the subjects of
   * which something begins or ends in between.
   */
  *at(
    at: number,
    vendor: number,
    order: DependencyOrder | undefined,
    viewOf: (dependent: number) => View,
    turning: () => Iterable<number>,
  ): Work<HubAt | undefined> {
    const kept = yield* this.#keptOf(vendor, order);
    if (kept === undefined) return undefined;
    const { hub, others } = kept;
    const then = others.get(at) ?? new HubAt(hub, this.#view.facts.nodes, viewOf, this.#users(vendor, turning()));
    others.delete(at);
    others.set(at, then);
    for (const [oldest] of others) if (others.size > MOST_INSTANTS) others.delete(oldest);
    yield* then.settle();
    return then;
  }

  /** Those whom the subjects count for, of the subjects that were ever said to use the vendor. */
  *#users(vendor: number, subjects: Iterable<number>): Generator<number> {
    const { bySubject, object } = this.#view.facts.uses;
    const { holder } = this.#view.facts.nodes;
    for (const subject of subjects) {
      const start = bySubject.start[subject] ?? 0;
      const claims = bySubject.pool.subarray(start, start + bySubject.count(subject));
      if (claims.some((claim) => holder[object[claim] as number] === vendor)) yield holder[subject] as number;
    }
  }

  #isHub(vendor: number): boolean {
    const { byObject } = this.#view.facts.uses;
    let claims = 0;
    for (const node of nodesOf(this.#view, vendor)) claims += byObject.count(node);
    return claims >= this.#hubSize;
  }

  #keep(now: Kept): void {
    this.#kept.delete(now.hub.vendor);
    this.#kept.set(now.hub.vendor, now);
    let dependents = 0;
    for (const { hub } of this.#kept.values()) dependents += hub.size;
    for (const [vendor, { hub }] of this.#kept) {
      if (dependents <= MOST_DEPENDENTS || hub === now.hub) return;
      this.#kept.delete(vendor);
      dependents -= hub.size;
    }
  }

  /** What the subject's claims say changes: the hubs that they lead to look at the dependent again. */
  touch(subject: number, dependent: number): void {
    if (this.#kept.size === 0) return;
    const { bySubject, object } = this.#view.facts.uses;
    const { holder } = this.#view.facts.nodes;
    const start = bySubject.start[subject] ?? 0;
    for (let at = start; at < start + bySubject.count(subject); at++)
      this.touchIn(holder[object[bySubject.pool[at] as number] as number] as number, dependent);
  }

  touchIn(vendor: number, dependent: number): void {
    const kept = this.#kept.get(vendor);
    if (kept === undefined) return;
    kept.hub.touch(dependent);
    for (const [instant, then] of kept.others) if (!then.touch(dependent)) kept.others.delete(instant);
  }

  /** What was the same at other instants is kept no longer: nobody asks for them on another day. */
  forgetInstants(): void {
    for (const { others } of this.#kept.values()) others.clear();
  }

  /** Whoever depends on the one vendor depends on the other from now on, but for those who are touched. */
  move(vendor: number, target: number): void {
    const kept = this.#kept.get(vendor);
    this.#kept.delete(vendor);
    this.#kept.delete(target);
    if (kept === undefined) return;
    kept.hub.vendor = target;
    this.#kept.set(target, kept);
  }

  /** The organization is about to be called otherwise. */
  beforeName(holder: number): void {
    for (const { hub } of this.#kept.values()) hub.beforeName(holder);
  }

  forgetAll(): void {
    this.#kept = new Map();
  }

  /** Works out again what was touched. A dependent's claims are looked at once, however many hubs they lead to. */
  settle(): void {
    const known = new Map<number, ReturnType<typeof claimsByVendor>>();
    const claimsOf = (dependent: number) => {
      let claims = known.get(dependent);
      if (claims === undefined) {
        claims = claimsByVendor(this.#view, dependent);
        known.set(dependent, claims);
      }
      return claims;
    };
    for (const { hub } of this.#kept.values()) hub.settle(claimsOf);
  }
}

import { grown } from './columns.ts';
import { nodesOf } from './dependency.ts';
import { CRITICAL, IN_FORCE, type View } from './view.ts';
import type { Work } from './work.ts';

/**
 * How many organizations depend on each vendor, in all or for one service. Of an organization that is about to change,
 * what it adds is taken away while it can still be worked out from the flags of its claims and from whom these lead to
 * (nothing else may count: see `Present.afterUse`), and added again when the counts are next read.
 */
export class VendorCounts {
  readonly #view: View;
  /** A service's number; −1: whatever the service. */
  readonly service: number;
  direct: Int32Array;
  critical: Int32Array;
  dependentTotal = 0;
  criticalTotal = 0;
  readonly #pending = new Set<number>();
  /** The dependent by which a vendor was last counted, so that it is counted once. */
  #counted: Int32Array;
  #countedCritical: Int32Array;
  #turn = 0;

  constructor(view: View, service: number) {
    this.#view = view;
    this.service = service;
    const { count } = view.facts.nodes;
    this.direct = new Int32Array(count);
    this.critical = new Int32Array(count);
    this.#counted = new Int32Array(count);
    this.#countedCritical = new Int32Array(count);
  }

  *build(): Work<void> {
    const { count } = this.#view.facts.nodes;
    for (let holder = 0; holder < count; holder++) {
      this.#add(holder, 1);
      if ((holder & 0x7ff) === 0) yield;
    }
  }

  /** The counts in another view, in which only these organizations may add something else than they do here. */
  *in(view: View, holders: ReadonlySet<number>): Work<VendorCounts> {
    const counts = new VendorCounts(view, this.service);
    counts.direct = this.direct.slice();
    counts.critical = this.critical.slice();
    counts.dependentTotal = this.dependentTotal;
    counts.criticalTotal = this.criticalTotal;
    counts.#fit();
    let work = 0;
    for (const holder of holders) {
      counts.#add(holder, -1, this.#view);
      counts.#add(holder, 1);
      if ((++work & 0xff) === 0) yield;
    }
    return counts;
  }

  beforeChange(holder: number): void {
    if (this.#pending.has(holder)) return;
    this.#add(holder, -1);
    this.#pending.add(holder);
  }

  /** Whoever depends on the one vendor depends on the other from now on, on which nobody does. */
  move(vendor: number, target: number): void {
    this.#fit();
    for (const counts of [this.direct, this.critical]) {
      counts[target] = counts[vendor] as number;
      counts[vendor] = 0;
    }
  }

  /** Adds again what was taken away. */
  settle(): void {
    this.#fit();
    for (const holder of this.#pending) this.#add(holder, 1);
    this.#pending.clear();
  }

  #fit(): void {
    const { count } = this.#view.facts.nodes;
    this.direct = grown(this.direct, count);
    this.critical = grown(this.critical, count);
    this.#counted = grown(this.#counted, count);
    this.#countedCritical = grown(this.#countedCritical, count);
  }

  #add(holder: number, sign: 1 | -1, view = this.#view): void {
    const { facts, flags } = view;
    const { bySubject, object, kind } = facts.uses;
    // What counts for another has added nothing, even where it is about to stand for itself.
    if (facts.nodes.holder[holder] !== holder) return;
    const turn = ++this.#turn;
    let [isDependent, isCritical] = [0, 0];
    for (const node of nodesOf(view, holder)) {
      const count = bySubject.count(node);
      if (count === 0) continue;
      if (view.known[node] === 0) view.judge(node);
      const start = bySubject.start[node] as number;
      for (let at = start; at < start + count; at++) {
        const claim = bySubject.pool[at] as number;
        const state = flags[claim] as number;
        const vendor = facts.nodes.holder[object[claim] as number] as number;
        if ((state & IN_FORCE) === 0 || vendor === holder) continue;
        if (this.service >= 0 && kind[claim] !== this.service) continue;
        isDependent = 1;
        if (this.#counted[vendor] !== turn) {
          this.#counted[vendor] = turn;
          this.direct[vendor] = (this.direct[vendor] as number) + sign;
        }
        if ((state & CRITICAL) === 0 || this.#countedCritical[vendor] === turn) continue;
        isCritical = 1;
        this.#countedCritical[vendor] = turn;
        this.critical[vendor] = (this.critical[vendor] as number) + sign;
      }
    }
    this.dependentTotal += sign * isDependent;
    this.criticalTotal += sign * isCritical;
  }
}

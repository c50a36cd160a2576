import { nodesOf } from './dependency.ts';
import { type Hops, neededFor } from './hops.ts';
import type { View } from './view.ts';
import type { Work } from './work.ts';

/** The vendors of one organization, each once: those of hops that count on the way, and as the last. */
export interface Onward {
  readonly inner: readonly number[];
  readonly last: readonly number[];
}

export function onward(view: View, holder: number, hops: Hops): Onward {
  const { bySubject, object, kind } = view.facts.uses;
  const holders = view.facts.nodes.holder;
  const need = neededFor(hops);
  const inner = new Distinct();
  const last = hops.service < 0 ? inner : new Distinct();
  for (const node of nodesOf(view, holder)) {
    if (view.known[node] === 0) view.judge(node);
    const start = bySubject.start[node] ?? 0;
    for (let at = start; at < start + bySubject.count(node); at++) {
      const claim = bySubject.pool[at] as number;
      if (((view.flags[claim] as number) & need) !== need) continue;
      const vendor = holders[object[claim] as number] as number;
      if (vendor === holder || hops.avoided?.[vendor] === 1) continue;
      inner.add(vendor);
      if (hops.service >= 0 && kind[claim] === hops.service) last.add(vendor);
    }
  }
  return { inner: inner.values, last: last.values };
}

/** Numbers, each once. Most organizations use few, for which a look at each is faster than a set. */
class Distinct {
  readonly values: number[] = [];
  #all: Set<number> | undefined;

  add(value: number): void {
    if (this.#all === undefined ? this.values.includes(value) : this.#all.has(value)) return;
    this.values.push(value);
    this.#all?.add(value);
    if (this.values.length === FEW) this.#all = new Set(this.values);
  }
}

const FEW = 24;

/** What is within reach of some organizations, read once and kept. */
export class Neighbourhood {
  readonly #view: View;
  readonly #hops: Hops;
  readonly of = new Map<number, Onward>();

  constructor(view: View, hops: Hops) {
    this.#view = view;
    this.#hops = hops;
  }

  read(holder: number): Onward {
    let known = this.of.get(holder);
    if (known === undefined) {
      known = onward(this.#view, holder, this.#hops);
      this.of.set(holder, known);
    }
    return known;
  }

  /**
   * Shortest distances from `from` over the hops on the way. Given up once more than `most` have been found.
   */
  *distances(from: readonly number[], maxHops: number, most = Number.POSITIVE_INFINITY): Work<Map<number, number>> {
    const distances = new Map(from.map((holder) => [holder, 0]));
    let frontier = [...from];
    for (let distance = 1; distance <= maxHops && frontier.length > 0; distance++) {
      const next: number[] = [];
      for (const holder of frontier) {
        for (const vendor of this.read(holder).inner) {
          if (distances.has(vendor)) continue;
          distances.set(vendor, distance);
          next.push(vendor);
        }
        if (distances.size > most) return distances;
        yield;
      }
      frontier = next;
    }
    return distances;
  }

  /** Hops to go to `to` from each of the holders, by way of them alone, the last hop one that counts as such. */
  *distancesBack(holders: Iterable<number>, to: number, maxHops: number): Work<Map<number, number>> {
    const into = new Map<number, number[]>();
    const distances = new Map<number, number>();
    let frontier: number[] = [];
    for (const holder of holders) {
      const { inner, last } = this.read(holder);
      if (holder !== to && last.includes(to)) frontier.push(holder);
      for (const vendor of inner) {
        const dependents = into.get(vendor);
        if (dependents === undefined) into.set(vendor, [holder]);
        else dependents.push(holder);
      }
      yield;
    }
    for (const holder of frontier) distances.set(holder, 1);
    for (let distance = 2; distance <= maxHops; distance++) {
      const next: number[] = [];
      for (const dependent of frontier.flatMap((holder) => into.get(holder) ?? [])) {
        if (dependent === to || distances.has(dependent)) continue;
        distances.set(dependent, distance);
        next.push(dependent);
      }
      frontier = next;
      yield;
    }
    return distances;
  }
}

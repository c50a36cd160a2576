import { nodesOf } from './dependency.ts';
import { type Hops, neededFor } from './reach.ts';
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
  const inner = new Set<number>();
  const last = new Set<number>();
  for (const node of nodesOf(view, holder)) {
    if (view.known[node] === 0) view.judge(node);
    const start = bySubject.start[node] ?? 0;
    for (let at = start; at < start + bySubject.count(node); at++) {
      const claim = bySubject.pool[at] as number;
      if (((view.flags[claim] as number) & need) !== need) continue;
      const vendor = holders[object[claim] as number] as number;
      if (vendor === holder || hops.avoided?.[vendor] === 1) continue;
      inner.add(vendor);
      if (hops.service < 0 || kind[claim] === hops.service) last.add(vendor);
    }
  }
  return { inner: [...inner], last: [...last] };
}

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

  /** Shortest distances from `from` over the hops on the way, never by way of `without`. */
  *distances(from: readonly number[], maxHops: number, without = -1): Work<Map<number, number>> {
    const distances = new Map(from.map((holder) => [holder, 0]));
    let frontier = [...from];
    for (let distance = 1; distance <= maxHops && frontier.length > 0; distance++) {
      const next: number[] = [];
      for (const holder of frontier) {
        for (const vendor of this.read(holder).inner) {
          if (vendor === without || distances.has(vendor)) continue;
          distances.set(vendor, distance);
          next.push(vendor);
        }
        yield;
      }
      frontier = next;
    }
    return distances;
  }
}

/**
 * Shortest distance from `from` to each vendor by a path of distinct organizations whose last hop counts as one. Where
 * the nearest way to the last dependent may lead through the vendor itself, a way around it is looked for.
 */
export function* vendorsWithin(view: View, from: number, maxHops: number, hops: Hops): Work<Map<number, number>> {
  const around = new Neighbourhood(view, hops);
  const inner = yield* around.distances([from], maxHops - 1);
  const near = new Map<number, number>();
  for (const [holder, distance] of inner) {
    for (const vendor of around.read(holder).last) {
      if (vendor !== from && distance < (near.get(vendor) ?? maxHops)) near.set(vendor, distance);
    }
    yield;
  }
  const dependents = reversed(around.of, 'last');
  for (const [vendor, distance] of near) {
    if (distance < (inner.get(vendor) ?? Number.POSITIVE_INFINITY)) {
      near.set(vendor, distance + 1);
      continue;
    }
    const without = yield* around.distances([from], maxHops - 1, vendor);
    const best = Math.min(...(dependents.get(vendor) ?? []).map((key) => without.get(key) ?? Number.POSITIVE_INFINITY));
    if (best < maxHops) near.set(vendor, best + 1);
    else near.delete(vendor);
  }
  return near;
}

function reversed(of: ReadonlyMap<number, Onward>, which: keyof Onward): Map<number, number[]> {
  const into = new Map<number, number[]>();
  for (const [dependent, hops] of of) {
    for (const vendor of hops[which]) {
      const dependents = into.get(vendor);
      if (dependents === undefined) into.set(vendor, [dependent]);
      else dependents.push(dependent);
    }
  }
  return into;
}

/** How many of the members reach each vendor: forwards once from the members, who use few, then back from each vendor. */
export function* countMembersReaching(
  view: View,
  vendors: readonly number[],
  maxHops: number,
  hops: Hops,
  members: ReadonlySet<number>,
): Work<Map<number, number>> {
  const around = new Neighbourhood(view, hops);
  const near = yield* around.distances([...members], maxHops - 1);
  for (const holder of near.keys()) {
    around.read(holder);
    yield;
  }
  const last = reversed(around.of, 'last');
  const inner = reversed(around.of, 'inner');
  const counts = new Map<number, number>();
  for (const vendor of vendors) {
    counts.set(vendor, countReaching(vendor, maxHops, members, last, inner));
    yield;
  }
  return counts;
}

type Turned = ReadonlyMap<number, readonly number[]>;

/** How many of the members reach the vendor, by hops that have been turned round. */
function countReaching(
  vendor: number,
  maxHops: number,
  members: ReadonlySet<number>,
  last: Turned,
  inner: Turned,
): number {
  const seen = new Set([vendor]);
  let [frontier, count] = [[vendor], 0];
  for (let distance = 1; distance <= maxHops && frontier.length > 0; distance++) {
    const into = distance === 1 ? last : inner;
    const next: number[] = [];
    for (const dependent of frontier.flatMap((holder) => into.get(holder) ?? [])) {
      if (seen.has(dependent)) continue;
      seen.add(dependent);
      next.push(dependent);
      if (members.has(dependent)) count++;
    }
    frontier = next;
  }
  return count;
}

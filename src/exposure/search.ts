import type { Bound } from '../queries/types.ts';
import { nodesOf } from './dependency.ts';
import { CRITICAL, IN_FORCE, type View } from './view.ts';

/** What an exploration may look at between two looks at the clock; about a millisecond. */
const STRIDE = 1 << 15;

/** Gives way at each `yield`, so that no search keeps a short question waiting. */
export type Work<T> = Generator<void, T, void>;

/** Which hops count. `service` is a number, −1 for any; it is asked of the hop into the vendor only. */
export interface Hops {
  readonly service: number;
  readonly criticalOnly: boolean;
  /** Left out of every way: 1 for each such holder. */
  readonly avoided?: Uint8Array | undefined;
}

export interface Reach {
  /** Holders at distance 1, then 2, …, each once. */
  readonly reached: Int32Array;
  /** `reached` ends with distance `i` before `ends[i]`; `ends[0]` is 0. */
  readonly ends: readonly number[];
}

/** A claim's flags that a hop needs. */
const needed = (criticalOnly: boolean): number => (criticalOnly ? IN_FORCE | CRITICAL : IN_FORCE);

/**
 * Everybody who reaches `vendor` in at most `maxHops` hops, at the shortest distance, breadth first over the claims. The
 * vendor is part of no way to itself, so the shortest way is a path of distinct organizations.
 */
export function* reachInto(view: View, vendor: number, maxHops: number, hops: Hops): Work<Reach> {
  const { byObject, subject, kind } = view.facts.uses;
  const { holder } = view.facts.nodes;
  const { flags, known } = view;
  const need = needed(hops.criticalOnly);
  const seen = hops.avoided?.slice() ?? new Uint8Array(view.facts.nodes.count);
  seen[vendor] = 1;
  let reached = new Int32Array(1024);
  let found = 0;
  const ends = [0];
  let frontier: ArrayLike<number> = [vendor];
  let work = 0;
  for (let distance = 1; distance <= maxHops && frontier.length > 0; distance++) {
    const service = distance === 1 ? hops.service : -1;
    for (let i = 0; i < frontier.length; i++) {
      for (const node of nodesOf(view, frontier[i] as number)) {
        const start = byObject.start[node] ?? 0;
        const end = start + byObject.count(node);
        for (let at = start; at < end; at++) {
          if ((++work & (STRIDE - 1)) === 0) yield;
          const claim = byObject.pool[at] as number;
          const from = subject[claim] as number;
          if (known[from] === 0) view.judge(from);
          if (((flags[claim] as number) & need) !== need) continue;
          const dependent = holder[from] as number;
          if (seen[dependent] !== 0 || (service >= 0 && kind[claim] !== service)) continue;
          seen[dependent] = 1;
          if (found === reached.length) reached = longer(reached);
          reached[found++] = dependent;
        }
      }
    }
    if (found === ends[distance - 1]) break;
    ends.push(found);
    frontier = reached.subarray(ends[distance - 1] as number, found);
  }
  return { reached: reached.subarray(0, found), ends };
}

function longer(values: Int32Array): Int32Array<ArrayBuffer> {
  const result = new Int32Array(values.length * 2);
  result.set(values);
  return result;
}

/** The vendors of one organization, each once: those of hops that count on the way, and as the last. */
export interface Onward {
  readonly inner: readonly number[];
  readonly last: readonly number[];
}

export function onward(view: View, holder: number, hops: Hops): Onward {
  const { bySubject, object, kind } = view.facts.uses;
  const holders = view.facts.nodes.holder;
  const need = needed(hops.criticalOnly);
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
    const seen = new Set([vendor]);
    let [frontier, count] = [[vendor], 0];
    for (let distance = 1; distance <= maxHops && frontier.length > 0; distance++) {
      const next: number[] = [];
      for (const holder of frontier) {
        for (const dependent of (distance === 1 ? last : inner).get(holder) ?? []) {
          if (seen.has(dependent)) continue;
          seen.add(dependent);
          next.push(dependent);
          if (members.has(dependent)) count++;
        }
        yield;
      }
      frontier = next;
    }
    counts.set(vendor, count);
  }
  return counts;
}

export interface PathQuestion {
  readonly from: number;
  readonly to: number;
  readonly maxHops: number;
  readonly hops: Hops;
  /** Paths up to and including this one were on the pages before. */
  readonly after: readonly number[] | undefined;
  readonly limit: number;
}

/** Steps that one search for paths takes, at most. */
const MAX_STEPS = 2_000_000;

/** Simple paths by length, then by their keys. Only ways that can still arrive in time are followed. */
export function* findPaths(view: View, question: PathQuestion): Work<{ found: number[][]; bound: Bound | undefined }> {
  const { from, to, maxHops, hops, after, limit } = question;
  const around = new Neighbourhood(view, hops);
  const toGo = yield* distancesTo(view, to, maxHops, hops);
  const { nodes } = view.facts;
  const sorted = new Map<number, readonly number[]>();
  const onwardFrom = (holder: number): readonly number[] => {
    let known = sorted.get(holder);
    if (known === undefined) {
      known = around
        .read(holder)
        .inner.filter((next) => next !== to && (toGo[next] as number) !== 0)
        .sort((a, b) => nodes.compareKeys(a, b));
      sorted.set(holder, known);
    }
    return known;
  };
  const found: number[][] = [];
  let steps = 0;

  function* follow(path: number[], left: number): Work<boolean> {
    const holder = path.at(-1) as number;
    if (left === 1) {
      if (!around.read(holder).last.includes(to)) return true;
      const whole = [...path, to];
      if (after === undefined || after.length < whole.length || isAfter(view, whole, after)) found.push(whole);
      return true;
    }
    for (const next of onwardFrom(holder)) {
      if (++steps > MAX_STEPS) return false;
      if ((steps & 0xfff) === 0) yield;
      if ((toGo[next] as number) >= left || path.includes(next)) continue;
      path.push(next);
      const goesOn = yield* follow(path, left - 1);
      path.pop();
      if (!goesOn) return false;
      if (found.length >= limit) return true;
    }
    return true;
  }

  const begin = after === undefined ? 1 : after.length - 1;
  for (let length = begin; length <= maxHops && found.length < limit; length++) {
    if (!(yield* follow([from], length))) return { found, bound: 'PATHS' };
  }
  return { found, bound: undefined };
}

/** Hops to go to `to` from each holder, 0 where it is too far. */
function* distancesTo(view: View, to: number, maxHops: number, hops: Hops): Work<Uint8Array> {
  const toGo = new Uint8Array(view.facts.nodes.count);
  const { reached, ends } = yield* reachInto(view, to, maxHops - 1, hops);
  for (let distance = 1; distance < ends.length; distance++) {
    for (let at = ends[distance - 1] as number; at < (ends[distance] as number); at++) {
      toGo[reached[at] as number] = distance;
    }
  }
  return toGo;
}

/** Order of sequences of one length. */
function isAfter(view: View, path: readonly number[], other: readonly number[]): boolean {
  for (const [i, node] of path.entries()) {
    const order = view.facts.nodes.compareKeys(node, other[i] ?? node);
    if (order !== 0) return order > 0;
  }
  return false;
}

import { nodesOf } from './dependency.ts';
import { CRITICAL, IN_FORCE, JUDGED, type View } from './view.ts';
import { STRIDE, type Work } from './work.ts';

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
export const neededFor = ({ criticalOnly }: Hops): number => (criticalOnly ? IN_FORCE | CRITICAL : IN_FORCE);

/**
 * Everybody who reaches `vendor` in at most `maxHops` hops, at the shortest distance, breadth first over the claims. The
 * vendor is part of no way to itself, so the shortest way is a path of distinct organizations.
 */
export function* reachInto(view: View, vendor: number, maxHops: number, hops: Hops): Work<Reach> {
  const search = new BackwardSearch(view, vendor, hops);
  let frontier: ArrayLike<number> = [vendor];
  for (let distance = 1; distance <= maxHops && frontier.length > 0; distance++) {
    const service = distance === 1 ? hops.service : -1;
    if (service < 0 && search.isMostFound()) yield* search.sweep(distance);
    else yield* search.expand(frontier, service, distance);
    frontier = search.endLevel();
  }
  return search.result();
}

/** Marks of holders: not met, never to be met, else the distance and one more. */
const UNSEEN = 0;
const NEVER = 255;

/**
 * Once more than this share of all has been found, the others are asked whom they use, not the found who uses them: a
 * claim that is met that way costs many times as much, being anywhere in memory.
 */
const MOST = 4 / 5;

class BackwardSearch {
  readonly #view: View;
  readonly #need: number;
  readonly #seen: Uint8Array;
  /** Room for everybody: memory that is not written to costs nothing. */
  readonly #reached: Int32Array;
  #found = 0;
  readonly #ends = [0];
  #work = 0;

  constructor(view: View, vendor: number, hops: Hops) {
    this.#view = view;
    this.#need = neededFor(hops) | JUDGED;
    this.#seen = marks(view, hops);
    this.#reached = new Int32Array(view.facts.nodes.count);
    this.#seen[vendor] = 1;
  }

  isMostFound(): boolean {
    return this.#found > this.#view.facts.nodes.count * MOST;
  }

  *expand(frontier: ArrayLike<number>, service: number, distance: number): Work<void> {
    for (let i = 0; i < frontier.length; ) {
      i = this.#expandSmall(frontier, i, service, distance);
      if (i < frontier.length && !this.#isSmall(frontier[i] as number))
        yield* this.#expandLarge(frontier[i++] as number, service, distance);
      if (this.#work < STRIDE) continue;
      this.#work = 0;
      yield;
    }
  }

  /** Whether it counts for itself alone and is soon looked at: nearly all do, and are done without a generator each. */
  #isSmall(holder: number): boolean {
    const { nodes, uses } = this.#view.facts;
    return !nodes.holds(holder) && uses.byObject.count(holder) <= STRIDE;
  }

  /** @returns the place of the first that is not small, or that there was no time for */
  #expandSmall(frontier: ArrayLike<number>, from: number, service: number, distance: number): number {
    const { start, length } = this.#view.facts.uses.byObject;
    let i = from;
    for (; i < frontier.length && this.#work < STRIDE; i++) {
      const holder = frontier[i] as number;
      if (!this.#isSmall(holder)) break;
      this.#work++;
      const count = length[holder] ?? 0;
      if (count === 0) continue;
      const begin = start[holder] as number;
      this.#scan(begin, begin + count, service, distance);
      this.#work += count;
    }
    return i;
  }

  *#expandLarge(holder: number, service: number, distance: number): Work<void> {
    const { byObject } = this.#view.facts.uses;
    for (const node of nodesOf(this.#view, holder)) {
      const start = byObject.start[node] ?? 0;
      const end = start + byObject.count(node);
      for (let at = start; at < end; at += STRIDE) {
        const next = Math.min(end, at + STRIDE);
        this.#scan(at, next, service, distance);
        this.#work += next - at;
        if (this.#work < STRIDE) continue;
        this.#work = 0;
        yield;
      }
    }
  }

  #scan(start: number, end: number, service: number, distance: number): void {
    const { byObject, subject, kind } = this.#view.facts.uses;
    const { holder } = this.#view.facts.nodes;
    const { flags } = this.#view;
    const { pool } = byObject;
    const [seen, reached, need] = [this.#seen, this.#reached, this.#need];
    let found = this.#found;
    for (let at = start; at < end; at++) {
      const claim = pool[at] as number;
      if (((flags[claim] as number) & need) !== need && !this.#isNeededOnceJudged(claim)) continue;
      const dependent = holder[subject[claim] as number] as number;
      if (seen[dependent] !== UNSEEN || (service >= 0 && kind[claim] !== service)) continue;
      seen[dependent] = distance + 1;
      reached[found++] = dependent;
    }
    this.#found = found;
  }

  #isNeededOnceJudged(claim: number): boolean {
    const { flags, facts } = this.#view;
    if (((flags[claim] as number) & JUDGED) !== 0) return false;
    this.#view.judge(facts.uses.subject[claim] as number);
    return ((flags[claim] as number) & this.#need) === this.#need;
  }

  /** Goes through all who have not been met, and finds those with a hop to somebody found at the distance before. */
  *sweep(distance: number): Work<void> {
    const { count } = this.#view.facts.nodes;
    for (let node = 0; node < count; node += SWEPT) {
      this.#sweepSome(node, Math.min(count, node + SWEPT), distance);
      yield;
    }
  }

  #sweepSome(from: number, to: number, distance: number): void {
    const { bySubject } = this.#view.facts.uses;
    const { holder } = this.#view.facts.nodes;
    for (let node = from; node < to; node++) {
      const dependent = holder[node] as number;
      if (this.#seen[dependent] !== UNSEEN || bySubject.count(node) === 0) continue;
      if (this.#view.known[node] === 0) this.#view.judge(node);
      if (!this.#leadsTo(node, distance)) continue;
      this.#seen[dependent] = distance + 1;
      this.#reached[this.#found++] = dependent;
    }
  }

  /** Whether a hop from the node ends at the distance before: nobody found earlier has a user that was not met. */
  #leadsTo(node: number, distance: number): boolean {
    const { bySubject, object } = this.#view.facts.uses;
    const { holder } = this.#view.facts.nodes;
    const { flags } = this.#view;
    const start = bySubject.start[node] as number;
    const end = start + bySubject.count(node);
    for (let at = start; at < end; at++) {
      const claim = bySubject.pool[at] as number;
      if (this.#seen[holder[object[claim] as number] as number] !== distance) continue;
      if (((flags[claim] as number) & this.#need) === this.#need) return true;
    }
    return false;
  }

  /** Those that were found since the last level ended. */
  endLevel(): Int32Array {
    const begin = this.#ends.at(-1) as number;
    if (this.#found > begin) this.#ends.push(this.#found);
    return this.#reached.subarray(begin, this.#found);
  }

  result(): Reach {
    return { reached: this.#reached.subarray(0, this.#found), ends: this.#ends };
  }
}

/** Nodes that are swept between two looks at the clock. */
const SWEPT = 1 << 13;

function marks(view: View, { avoided }: Hops): Uint8Array {
  const seen = new Uint8Array(view.facts.nodes.count);
  if (avoided !== undefined) for (let node = 0; node < seen.length; node++) if (avoided[node] === 1) seen[node] = NEVER;
  return seen;
}

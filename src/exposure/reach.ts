import { nodesOf } from './dependency.ts';
import { CRITICAL, IN_FORCE, type View } from './view.ts';
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
    for (let i = 0; i < frontier.length; i++) yield* search.expand(frontier[i] as number, service);
    frontier = search.endLevel();
  }
  return search.result();
}

class BackwardSearch {
  readonly #view: View;
  readonly #need: number;
  readonly #seen: Uint8Array;
  #reached = new Int32Array(1024);
  #found = 0;
  readonly #ends = [0];
  #work = 0;

  constructor(view: View, vendor: number, hops: Hops) {
    this.#view = view;
    this.#need = neededFor(hops);
    this.#seen = hops.avoided?.slice() ?? new Uint8Array(view.facts.nodes.count);
    this.#seen[vendor] = 1;
  }

  *expand(holder: number, service: number): Work<void> {
    const { byObject } = this.#view.facts.uses;
    for (const node of nodesOf(this.#view, holder)) {
      const start = byObject.start[node] ?? 0;
      const end = start + byObject.count(node);
      for (let at = start; at < end; at += STRIDE) {
        const next = Math.min(end, at + STRIDE);
        this.#scan(at, next, service);
        this.#work += next - at;
        if (this.#work < STRIDE) continue;
        this.#work = 0;
        yield;
      }
    }
  }

  #scan(start: number, end: number, service: number): void {
    const { byObject, subject, kind } = this.#view.facts.uses;
    const { holder } = this.#view.facts.nodes;
    const { flags, known } = this.#view;
    const { pool } = byObject;
    const [seen, need] = [this.#seen, this.#need];
    for (let at = start; at < end; at++) {
      const claim = pool[at] as number;
      const from = subject[claim] as number;
      if (known[from] === 0) this.#view.judge(from);
      if (((flags[claim] as number) & need) !== need) continue;
      const dependent = holder[from] as number;
      if (seen[dependent] !== 0 || (service >= 0 && kind[claim] !== service)) continue;
      seen[dependent] = 1;
      if (this.#found === this.#reached.length) this.#reached = longer(this.#reached);
      this.#reached[this.#found++] = dependent;
    }
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

function longer(values: Int32Array): Int32Array<ArrayBuffer> {
  const result = new Int32Array(values.length * 2);
  result.set(values);
  return result;
}

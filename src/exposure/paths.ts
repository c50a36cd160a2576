import type { Bound } from '../queries/types.ts';
import type { Hops } from './hops.ts';
import { Neighbourhood } from './neighbourhood.ts';
import { reachInto } from './reach.ts';
import type { View } from './view.ts';
import type { Work } from './work.ts';

export interface PathQuestion {
  readonly from: number;
  readonly to: number;
  readonly maxHops: number;
  readonly hops: Hops;
  /** Paths up to and including this one were on the pages before. */
  readonly after: readonly string[] | undefined;
  readonly limit: number;
  /** How many organizations' vendors are read before the way is looked for from its end. */
  readonly mostNear?: number;
}

/** Steps that one search for paths takes, at most. */
const MAX_STEPS = 2_000_000;
/** A read takes about a microsecond; a look from the end at a hub, tens of milliseconds. */
const MOST_NEAR = 5_000;

type ToGo = (holder: number) => number | undefined;

/** Simple paths by length, then by their keys. Only ways that can still arrive in time are followed. */
export function* findPaths(view: View, question: PathQuestion): Work<{ found: number[][]; bound: Bound | undefined }> {
  const { from, maxHops, after, limit } = question;
  const search = new PathSearch(view, question);
  for (let length = after === undefined ? 1 : after.length - 1; length <= maxHops; length++) {
    yield* search.look(length);
    yield* search.follow([from], length);
    if (search.isOver) return { found: search.found, bound: 'PATHS' };
    if (search.found.length >= limit) break;
  }
  return { found: search.found, bound: undefined };
}

class PathSearch {
  readonly found: number[][] = [];
  readonly #view: View;
  readonly #question: PathQuestion;
  readonly #around: Neighbourhood;
  /** Hops to go to the end; what is not in it is too far. */
  #toGo: ToGo = () => undefined;
  #isWhole = false;
  readonly #sorted = new Map<number, readonly number[]>();
  #steps = 0;

  constructor(view: View, question: PathQuestion) {
    this.#view = view;
    this.#question = question;
    this.#around = new Neighbourhood(view, question.hops);
  }

  /**
   * Finds out from where paths of this length can arrive. Few organizations use many others while some are used by very
   * many, so the way is looked for from its beginning while that is little work, else from its end.
   */
  *look(length: number): Work<void> {
    if (this.#isWhole) return;
    const { from, to, maxHops, hops, mostNear = MOST_NEAR } = this.#question;
    this.#sorted.clear();
    const near = yield* this.#around.distances([from], length - 1, mostNear);
    if (near.size <= mostNear) {
      const toGo = yield* this.#around.distancesBack(near.keys(), to, length - 1);
      this.#toGo = (holder) => toGo.get(holder);
      return;
    }
    const toGo = yield* distancesTo(this.#view, to, maxHops, hops);
    this.#toGo = (holder) => toGo[holder] || undefined;
    this.#isWhole = true;
  }

  /** Whether it took more steps than one answer may. */
  get isOver(): boolean {
    return this.#steps > MAX_STEPS;
  }

  /** Goes on from the end of the path, with so many hops left. */
  *follow(path: number[], left: number): Work<void> {
    const holder = path.at(-1) as number;
    if (left === 1) return this.#arrive(holder, path);
    for (const next of this.#onward(holder)) {
      if (++this.#steps > MAX_STEPS || this.found.length >= this.#question.limit) return;
      if ((this.#steps & 0xfff) === 0) yield;
      if ((this.#toGo(next) ?? left) >= left || path.includes(next)) continue;
      path.push(next);
      yield* this.follow(path, left - 1);
      path.pop();
    }
  }

  #arrive(holder: number, path: readonly number[]): void {
    const { to, after } = this.#question;
    if (!this.#around.read(holder).last.includes(to)) return;
    const whole = [...path, to];
    if (after === undefined || after.length < whole.length || isAfter(this.#view, whole, after)) this.found.push(whole);
  }

  /** Where to go from here, by key; only what can arrive. */
  #onward(holder: number): readonly number[] {
    let known = this.#sorted.get(holder);
    if (known === undefined) {
      const { nodes } = this.#view.facts;
      known = this.#around
        .read(holder)
        .inner.filter((next) => next !== this.#question.to && this.#toGo(next) !== undefined)
        .sort((a, b) => nodes.compareKeys(a, b));
      this.#sorted.set(holder, known);
    }
    return known;
  }
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
function isAfter(view: View, path: readonly number[], other: readonly string[]): boolean {
  const { nodes } = view.facts;
  for (const [i, node] of path.entries()) {
    const key = nodes.key(node);
    const order = nodes.compareText(key, other[i] ?? key);
    if (order !== 0) return order > 0;
  }
  return false;
}

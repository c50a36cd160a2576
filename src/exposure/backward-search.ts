import { nodesOf } from './dependency.ts';
import { type Hops, neededFor, type Reach } from './hops.ts';
import { GUEST } from './node-table.ts';
import { CRITICAL, JUDGED, type View } from './view.ts';
import { STRIDE, type Work } from './work.ts';

/** Marks of holders: not met, never to be met, else the distance and one more. What counts for another is a `GUEST`. */
const UNSEEN = 0;
const NEVER = 255;

/**
 * Once more than this share of all has been found, the others are asked whom they use, not the found who uses them: a
 * claim that is met that way costs many times as much, being anywhere in memory.
 */
const MOST = 4 / 5;

/** A search back from a vendor, a level at a time. */
export class BackwardSearch {
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
      if (i < frontier.length && this.#work < STRIDE)
        yield* this.#expandLarge(frontier[i++] as number, service, distance);
      if (this.#work < STRIDE) continue;
      this.#work = 0;
      yield;
    }
  }

  /**
   * Those that are soon looked at: nearly all are, and need no generator each.
   * @returns the place of the first that is none, or that there was no time for
   */
  #expandSmall(frontier: ArrayLike<number>, from: number, service: number, distance: number): number {
    const { nodes, uses } = this.#view.facts;
    const { length } = uses.byObject;
    let i = from;
    for (; i < frontier.length && this.#work < STRIDE; i++) {
      const holder = frontier[i] as number;
      const isAlone = !nodes.holds(holder);
      const count = isAlone ? (length[holder] ?? 0) : this.#claimsOn(holder);
      if (count > STRIDE) break;
      this.#work += 1 + count;
      if (count === 0) continue;
      this.#scanAll(holder, service, distance);
      if (!isAlone) for (const node of nodes.held(holder)) this.#scanAll(node, service, distance);
    }
    return i;
  }

  /** How many claims there are on what the organization holds. */
  #claimsOn(holder: number): number {
    const { nodes, uses } = this.#view.facts;
    const held = nodes.held(holder);
    this.#work += held.size;
    let count = uses.byObject.count(holder);
    for (const node of held) count += uses.byObject.count(node);
    return count;
  }

  #scanAll(node: number, service: number, distance: number): void {
    const { byObject } = this.#view.facts.uses;
    const count = byObject.count(node);
    if (count === 0) return;
    const start = byObject.start[node] as number;
    this.#scan(start, start + count, service, distance);
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
    const { pool } = this.#view.facts.uses.byObject;
    const isCritical = (this.#need & CRITICAL) !== 0;
    // What was loaded lies in one row, for nothing but a list's later claims is between.
    const inRow = isCritical && end - start >= WORTH_A_ROW ? rowLength(pool, start, end) : 0;
    if (inRow > 0) this.#scanRow(pool[start] as number, inRow, service, distance);
    this.#scanList(start + inRow, end, service, distance);
  }

  /** Critical ones among claims that follow each other. */
  #scanRow(first: number, count: number, service: number, distance: number): void {
    const { dull, flags, facts } = this.#view;
    const { subject, kind } = facts.uses;
    const { holder } = facts.nodes;
    const [seen, reached, need] = [this.#seen, this.#reached, this.#need];
    const end = first + count;
    let found = this.#found;
    for (let word = first >>> 5; word << 5 < end; word++) {
      let bits = ~(dull[word] as number);
      if (word << 5 < first) bits &= -1 << first;
      if ((word + 1) << 5 > end) bits &= ~(-1 << end);
      for (; bits !== 0; bits &= bits - 1) {
        const claim = (word << 5) | (31 - Math.clz32(bits & -bits));
        let dependent = subject[claim] as number;
        if (seen[dependent] === GUEST) dependent = holder[dependent] as number;
        if (seen[dependent] !== UNSEEN || (service >= 0 && kind[claim] !== service)) continue;
        const held = flags[claim] as number;
        if ((held & need) !== need && ((held & JUDGED) !== 0 || !this.#isNeededOnceJudged(claim))) continue;
        seen[dependent] = distance + 1;
        reached[found++] = dependent;
      }
    }
    this.#found = found;
  }

  #scanList(start: number, end: number, service: number, distance: number): void {
    const { byObject, subject, kind } = this.#view.facts.uses;
    const { holder } = this.#view.facts.nodes;
    const { flags } = this.#view;
    const { pool } = byObject;
    const [seen, reached, need] = [this.#seen, this.#reached, this.#need];
    let found = this.#found;
    for (let at = start; at < end; at++) {
      const claim = pool[at] as number;
      const held = flags[claim] as number;
      if ((held & need) !== need && ((held & JUDGED) !== 0 || !this.#isNeededOnceJudged(claim))) continue;
      let dependent = subject[claim] as number;
      // One look at neighbouring memory in place of two: nearly everything counts for itself.
      if (seen[dependent] === GUEST) dependent = holder[dependent] as number;
      if (seen[dependent] !== UNSEEN || (service >= 0 && kind[claim] !== service)) continue;
      seen[dependent] = distance + 1;
      reached[found++] = dependent;
    }
    this.#found = found;
  }

  #isNeededOnceJudged(claim: number): boolean {
    const { flags, facts } = this.#view;
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
      const dependent = this.#seen[node] === GUEST ? (holder[node] as number) : node;
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
    const [seen, need] = [this.#seen, this.#need];
    const start = bySubject.start[node] as number;
    const end = start + bySubject.count(node);
    for (let at = start; at < end; at++) {
      const claim = bySubject.pool[at] as number;
      if (((flags[claim] as number) & need) !== need) continue;
      const vendor = object[claim] as number;
      const mark = seen[vendor] as number;
      if ((mark === GUEST ? seen[holder[vendor] as number] : mark) === distance) return true;
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

/** From so many claims of a list on, what follows each other is looked for. */
const WORTH_A_ROW = 256;

/** How many of an ascending list, from its first on, follow each other without a gap. */
function rowLength(pool: Int32Array, start: number, end: number): number {
  const first = pool[start] as number;
  let [least, most] = [1, end - start];
  while (least < most) {
    const middle = (least + most + 1) >>> 1;
    if ((pool[start + middle - 1] as number) - first === middle - 1) least = middle;
    else most = middle - 1;
  }
  return least;
}

/** Nodes that are swept between two looks at the clock. */
const SWEPT = 1 << 13;

function marks(view: View, { avoided }: Hops): Uint8Array {
  const { count, guests } = view.facts.nodes;
  const seen = guests.slice(0, count);
  if (avoided !== undefined) for (let node = 0; node < count; node++) if (avoided[node] === 1) seen[node] = NEVER;
  return seen;
}

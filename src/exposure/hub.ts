import type { DependencyFilter, DependencyOrder } from '../queries/types.ts';
import { grown } from './columns.ts';
import { claimsByVendor, isListed, nodesOf, type Summary, summarize } from './dependency.ts';
import { orderBy, type Position, type Row } from './listing.ts';
import { SortedList } from './sorted-list.ts';
import { sortNumbers } from './sorted-numbers.ts';
import { IN_FORCE, JUDGED, type View } from './view.ts';
import type { Work } from './work.ts';

type Compare = (a: number, b: number) => number;

/** More than any place, and small enough that a rank and a place make one exact number. */
const PLACES = 2 ** 26;

const NOBODY: ReadonlySet<number> = new Set();

/** Sets of services and of critical services that some dependents have, at full confidence, and how many have them. */
interface Pattern extends Summary {
  count: number;
}

/**
 * The dependents of one vendor that has very many, worked out once, kept in the orders that were asked for and mended one
 * dependent at a time: a page of them then costs what its own rows cost.
 */
export class Hub {
  readonly #view: View;
  /** Another one when what it is depended on for moves to that. */
  vendor: number;
  readonly #placeOf = new Map<number, number>();
  #dependents = new Int32Array(0);
  #confidence = new Float64Array(0);
  #lastSeen = new Float64Array(0);
  /** Place in `patterns`. */
  #pattern = new Int32Array(0);
  readonly #free: number[] = [];
  #used = 0;
  readonly #sorted = new Map<DependencyOrder, SortedList>();
  readonly #patterns: Pattern[] = [];
  readonly #patternOf = new Map<number, number>();
  /** Something about them is changing: they are looked at again before the hub is read. */
  readonly #touched = new Set<number>();

  constructor(view: View, vendor: number) {
    this.#view = view;
    this.vendor = vendor;
  }

  get size(): number {
    return this.#placeOf.size;
  }

  /** What decides where the dependent is listed; undefined: it is none. */
  summaryOf(dependent: number): Summary | undefined {
    const place = this.#placeOf.get(dependent);
    if (place === undefined) return undefined;
    const { services, critical } = this.#patterns[this.#pattern[place] as number] as Pattern;
    return {
      confidence: this.#confidence[place] as number,
      lastSeen: this.#lastSeen[place] as number,
      services,
      critical,
    };
  }

  *build(): Work<void> {
    const { byObject, subject } = this.#view.facts.uses;
    const { holder, count: nodes } = this.#view.facts.nodes;
    const all = [...nodesOf(this.#view, this.vendor)];
    const most = all.reduce((sum, node) => sum + byObject.count(node), 0);
    // Each dependent's claims as a chain: most have one, and a list for each would be most of the work.
    const last = new Int32Array(nodes).fill(-1);
    const [claims, before, dependents] = [new Int32Array(most), new Int32Array(most), new Int32Array(most)];
    let [used, met, work] = [0, 0, 0];
    for (const node of all) {
      const start = byObject.start[node] ?? 0;
      for (let at = start; at < start + byObject.count(node); at++) {
        if ((++work & 0x3fff) === 0) yield;
        const claim = byObject.pool[at] as number;
        const from = subject[claim] as number;
        if (((this.#view.flags[claim] as number) & JUDGED) === 0) this.#view.judge(from);
        const dependent = holder[from] as number;
        if (((this.#view.flags[claim] as number) & IN_FORCE) === 0 || dependent === this.vendor) continue;
        claims[used] = claim;
        before[used] = last[dependent] as number;
        if (last[dependent] === -1) dependents[met++] = dependent;
        last[dependent] = used++;
      }
    }
    this.#reach(met);
    for (let i = 0; i < met; i++) {
      const own: number[] = [];
      for (let at = last[dependents[i] as number] as number; at >= 0; at = before[at] as number)
        own.push(claims[at] as number);
      this.#put(dependents[i] as number, summarize(this.#view, own));
      if ((++work & 0xfff) === 0) yield;
    }
  }

  /** What the dependent uses may be something else. It keeps its place until `settle`. */
  touch(dependent: number): void {
    this.#touched.add(dependent);
  }

  /** The dependent is about to be called otherwise: its place by name can only be found now. */
  beforeName(dependent: number): void {
    if (!this.#placeOf.has(dependent)) return;
    this.#remove(dependent);
    this.#touched.add(dependent);
  }

  /** Works out again what was touched. `claimsOf`: as `claimsByVendor`, of a dependent. */
  settle(claimsOf = (dependent: number) => claimsByVendor(this.#view, dependent)): void {
    for (const dependent of this.#touched) {
      const claims = claimsOf(dependent).get(this.vendor);
      if (claims === undefined) this.#remove(dependent);
      else this.#put(dependent, summarize(this.#view, claims));
    }
    this.#touched.clear();
  }

  total(filter: DependencyFilter): number {
    let total = 0;
    if (filter.minConfidence === undefined) {
      for (const pattern of this.#patterns) if (isListed(pattern, filter)) total += pattern.count;
    } else {
      for (const place of this.#placeOf.values()) if (this.#isListed(place, filter)) total++;
    }
    return total;
  }

  #isListed(place: number, filter: DependencyFilter): boolean {
    const { minConfidence = 0 } = filter;
    const pattern = this.#patterns[this.#pattern[place] as number];
    return pattern !== undefined && (this.#confidence[place] as number) >= minConfidence && isListed(pattern, filter);
  }

  isSorted(order: DependencyOrder): boolean {
    return this.#sorted.has(order);
  }

  /** Sorts them: needed before `list` in this order. */
  *sort(order: DependencyOrder): Work<void> {
    const list = new SortedList(this.#compare(order));
    const { nodes } = this.#view.facts;
    const rankOf = (node: number): number => (order === 'NAME' ? nodes.nameRank(node) : nodes.keyRank(node));
    const ranked = new Float64Array(this.#placeOf.size);
    const others: number[] = [];
    let count = 0;
    for (const [node, place] of this.#placeOf) {
      const rank = rankOf(node);
      if (rank >= 0) ranked[count++] = rank * PLACES + place;
      else others.push(place);
      if ((count & 0x3fff) === 0) yield;
    }
    const sorted = yield* sortNumbers(ranked.subarray(0, count));
    const places = Int32Array.from(sorted, (both) => both % PLACES);
    list.fill(order === 'NAME' ? places : yield* this.#byValue(places, order));
    for (const [i, place] of others.entries()) {
      list.add(place);
      if ((i & 0xff) === 0) yield;
    }
    this.#sorted.set(order, list);
  }

  /** Of places in the order of their keys, the same by value first: there are far fewer values than places. */
  *#byValue(places: Int32Array, order: DependencyOrder): Work<Int32Array> {
    const values = order === 'CONFIDENCE' ? this.#confidence : this.#lastSeen;
    const counts = new Map<number, number>();
    for (const [i, place] of places.entries()) {
      const value = values[place] as number;
      counts.set(value, (counts.get(value) ?? 0) + 1);
      if ((i & 0x7fff) === 0) yield;
    }
    let next = 0;
    for (const [value, count] of [...counts].sort(([a], [b]) => b - a)) {
      counts.set(value, next);
      next += count;
    }
    const sorted = new Int32Array(places.length);
    for (const [i, place] of places.entries()) {
      const value = values[place] as number;
      const at = counts.get(value) as number;
      sorted[at] = place;
      counts.set(value, at + 1);
      if ((i & 0x7fff) === 0) yield;
    }
    return sorted;
  }

  /** The first `limit` of those that are listed behind the cursor, in order, but for the `others`. */
  *list(
    filter: DependencyFilter,
    order: DependencyOrder,
    after: Position | undefined,
    limit: number,
    others: Pick<ReadonlySet<number>, 'has'> = NOBODY,
  ): Work<Row[]> {
    const { sortValue, isBehind } = orderBy(this.#view.facts.nodes, order);
    const rowAt = (place: number): Row => {
      const [confidence, lastSeen] = [this.#confidence[place] as number, this.#lastSeen[place] as number];
      return { other: this.#at(place), value: sortValue(this.#at(place), { confidence, lastSeen }) };
    };
    const listed: Row[] = [];
    let work = 0;
    for (const place of this.#sorted.get(order)?.from((place) => isBehind(rowAt(place), after)) ?? []) {
      if (listed.length >= limit) break;
      if ((++work & 0x3fff) === 0) yield;
      if (this.#isListed(place, filter) && !others.has(this.#at(place))) listed.push(rowAt(place));
    }
    return listed;
  }

  #compare(order: DependencyOrder): Compare {
    const { nodes } = this.#view.facts;
    if (order === 'NAME') return (a, b) => nodes.compareNames(this.#at(a), this.#at(b));
    const value =
      order === 'CONFIDENCE' ? (place: number) => this.#confidence[place] : (place: number) => this.#lastSeen[place];
    return (a, b) => (value(b) as number) - (value(a) as number) || nodes.compareKeys(this.#at(a), this.#at(b));
  }

  #at(place: number): number {
    return this.#dependents[place] as number;
  }

  #reach(length: number): void {
    if (length <= this.#dependents.length) return;
    this.#dependents = grown(this.#dependents, length);
    this.#confidence = grown(this.#confidence, length);
    this.#lastSeen = grown(this.#lastSeen, length);
    this.#pattern = grown(this.#pattern, length);
  }

  #put(dependent: number, summary: Summary): void {
    const held = this.#placeOf.get(dependent);
    const place = held ?? this.#free.pop() ?? this.#used++;
    this.#reach(this.#used);
    // Most changes leave what a list is ordered by as it was.
    const moved: SortedList[] = [];
    for (const [order, list] of this.#sorted) {
      if (held !== undefined && this.#isPlacedSo(place, order, summary)) continue;
      if (held !== undefined) list.remove(place);
      moved.push(list);
    }
    if (held !== undefined) (this.#patterns[this.#pattern[place] as number] as Pattern).count--;
    const pattern = this.#patternFor(summary);
    this.#dependents[place] = dependent;
    this.#confidence[place] = summary.confidence;
    this.#lastSeen[place] = summary.lastSeen;
    this.#pattern[place] = pattern;
    this.#placeOf.set(dependent, place);
    (this.#patterns[pattern] as Pattern).count++;
    for (const list of moved) list.add(place);
  }

  /** Whether the dependent at this place stays where it is in that order; its name is the same. */
  #isPlacedSo(place: number, order: DependencyOrder, { confidence, lastSeen }: Summary): boolean {
    if (order === 'NAME') return true;
    return order === 'CONFIDENCE' ? this.#confidence[place] === confidence : this.#lastSeen[place] === lastSeen;
  }

  #remove(dependent: number): void {
    const place = this.#placeOf.get(dependent);
    if (place === undefined) return;
    for (const list of this.#sorted.values()) list.remove(place);
    (this.#patterns[this.#pattern[place] as number] as Pattern).count--;
    this.#placeOf.delete(dependent);
    this.#free.push(place);
  }

  #patternFor({ services, critical }: Summary): number {
    const id = services * 2 ** 20 + critical;
    let known = this.#patternOf.get(id);
    if (known === undefined) {
      known = this.#patterns.push({ services, critical, confidence: 1, lastSeen: 0, count: 0 }) - 1;
      this.#patternOf.set(id, known);
    }
    return known;
  }
}

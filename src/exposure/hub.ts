import type { DependencyFilter, DependencyOrder } from '../queries/types.ts';
import { grown } from './columns.ts';
import { claimsByVendor, isListed, nodesOf, type Summary, summarize } from './dependency.ts';
import { least, type Order, orderBy, type Position } from './listing.ts';
import { SortedList } from './sorted-list.ts';
import { IN_FORCE, type View } from './view.ts';
import type { Work } from './work.ts';

/**
 * The dependents of one vendor that has very many, worked out once, kept in the orders that were asked for and mended one
 * dependent at a time: a page of them then costs what its own rows cost.
 */
export class Hub {
  readonly #view: View;
  readonly vendor: number;
  readonly #placeOf = new Map<number, number>();
  #dependents: Int32Array = new Int32Array(0);
  #confidence = new Float64Array(0);
  #lastSeen = new Float64Array(0);
  #services = new Int32Array(0);
  #critical = new Int32Array(0);
  #free: number[] = [];
  #used = 0;
  readonly #sorted = new Map<DependencyOrder, SortedList>();
  /** How many dependents each set of services and of critical services has: totals for any filter by service. */
  readonly #totals = new Map<string, { summary: Summary; count: number }>();
  /** Taken out because something about them is changing; put in again when the hub is next read. */
  readonly #released = new Set<number>();

  constructor(view: View, vendor: number) {
    this.#view = view;
    this.vendor = vendor;
  }

  get size(): number {
    return this.#placeOf.size;
  }

  has(dependent: number): boolean {
    return this.#placeOf.has(dependent);
  }

  *build(): Work<void> {
    const { byObject, subject } = this.#view.facts.uses;
    const { holder } = this.#view.facts.nodes;
    // Each dependent's claims as a chain: most have one, and a list for each would be most of the work.
    const first = new Map<number, number>();
    let [claims, next, count] = [new Int32Array(1024), new Int32Array(1024), 0];
    let work = 0;
    for (const node of nodesOf(this.#view, this.vendor)) {
      const start = byObject.start[node] ?? 0;
      for (let at = start; at < start + byObject.count(node); at++) {
        if ((++work & 0x3fff) === 0) yield;
        const claim = byObject.pool[at] as number;
        const from = subject[claim] as number;
        if (this.#view.known[from] === 0) this.#view.judge(from);
        const dependent = holder[from] as number;
        if (((this.#view.flags[claim] as number) & IN_FORCE) === 0 || dependent === this.vendor) continue;
        claims = grown(claims, count + 1);
        next = grown(next, count + 1);
        claims[count] = claim;
        next[count] = first.get(dependent) ?? -1;
        first.set(dependent, count++);
      }
    }
    for (const [dependent, begin] of first) {
      const own: number[] = [];
      for (let at = begin; at >= 0; at = next[at] as number) own.push(claims[at] as number);
      this.#put(dependent, summarize(this.#view, own));
      if ((++work & 0xfff) === 0) yield;
    }
  }

  /** Takes the dependent out while its place can still be found: its name or its claims are about to be others. */
  release(dependent: number): void {
    this.#remove(dependent);
    this.#released.add(dependent);
  }

  /** Works out again what was released. */
  settle(): void {
    for (const dependent of this.#released) {
      const isHolder = this.#view.facts.nodes.holder[dependent] === dependent;
      const claims = isHolder ? claimsByVendor(this.#view, dependent).get(this.vendor) : undefined;
      if (claims !== undefined) this.#put(dependent, summarize(this.#view, claims));
    }
    this.#released.clear();
  }

  total(filter: DependencyFilter): number {
    if (filter.minConfidence !== undefined) return this.#countAll(filter);
    let total = 0;
    for (const { summary, count } of this.#totals.values()) if (isListed(summary, filter)) total += count;
    return total;
  }

  #countAll(filter: DependencyFilter): number {
    let total = 0;
    for (const place of this.#placeOf.values()) if (isListed(this.#summary(place), filter)) total++;
    return total;
  }

  isSorted(order: DependencyOrder): boolean {
    return this.#sorted.has(order);
  }

  /** Sorts them, so that pages in this order need no look at all of them. */
  *sort(order: DependencyOrder): Work<void> {
    const { compare, sortValue } = this.#order(order);
    const values = new Map<number, number | string>();
    if (order === 'NAME') for (const place of this.#placeOf.values()) values.set(place, sortValue(place));
    const { compareValues, compareKeys } = orderBy(this.#view, order);
    const cached = (a: number, b: number): number =>
      compareValues(values.get(a) as string, values.get(b) as string) || compareKeys(this.#at(a), this.#at(b));
    const list = new SortedList(compare);
    yield* list.build(Int32Array.from(this.#placeOf.values()), order === 'NAME' ? cached : compare);
    this.#sorted.set(order, list);
  }

  /** The first `limit` of those that are listed behind the cursor, in order, each with what it is ordered by. */
  *list(
    filter: DependencyFilter,
    order: DependencyOrder,
    after: Position | undefined,
    limit: number,
  ): Work<(readonly [number, number | string])[]> {
    const { compare, isAfter, sortValue } = this.#order(order);
    const isBehind = (place: number): boolean => after === undefined || isAfter(place, after);
    const sorted = this.#sorted.get(order);
    const listed: number[] = [];
    for (const place of sorted?.from(isBehind) ?? this.#placeOf.values()) {
      if (!isListed(this.#summary(place), filter) || (sorted === undefined && !isBehind(place))) continue;
      listed.push(place);
      if (sorted !== undefined && listed.length >= limit) break;
    }
    const first = sorted === undefined ? yield* least(listed, limit, compare) : listed;
    return first.map((place) => [this.#at(place), sortValue(place)]);
  }

  #order(order: DependencyOrder): Order<number> {
    const { compareValues, compareKeys, keyOf, sortValue } = orderBy(this.#view, order);
    const value = (place: number) => sortValue(this.#at(place), this.#summary(place));
    const compare = (a: number, b: number): number =>
      compareValues(value(a), value(b)) || compareKeys(this.#at(a), this.#at(b));
    const isAfter = (place: number, [v, key]: Position): boolean =>
      (compareValues(value(place), v) || this.#view.facts.nodes.compareText(keyOf(this.#at(place)), key)) > 0;
    return { compare, isAfter, sortValue: value };
  }

  #at(place: number): number {
    return this.#dependents[place] as number;
  }

  #summary(place: number): Summary {
    return {
      confidence: this.#confidence[place] as number,
      lastSeen: this.#lastSeen[place] as number,
      services: this.#services[place] as number,
      critical: this.#critical[place] as number,
    };
  }

  #put(dependent: number, summary: Summary): void {
    const place = this.#free.pop() ?? this.#used++;
    this.#dependents = grown(this.#dependents, this.#used);
    this.#confidence = grown(this.#confidence, this.#used);
    this.#lastSeen = grown(this.#lastSeen, this.#used);
    this.#services = grown(this.#services, this.#used);
    this.#critical = grown(this.#critical, this.#used);
    this.#dependents[place] = dependent;
    this.#confidence[place] = summary.confidence;
    this.#lastSeen[place] = summary.lastSeen;
    this.#services[place] = summary.services;
    this.#critical[place] = summary.critical;
    this.#placeOf.set(dependent, place);
    this.#count(summary, 1);
    for (const list of this.#sorted.values()) list.add(place);
  }

  #remove(dependent: number): void {
    const place = this.#placeOf.get(dependent);
    if (place === undefined) return;
    for (const list of this.#sorted.values()) list.remove(place);
    this.#count(this.#summary(place), -1);
    this.#placeOf.delete(dependent);
    this.#free.push(place);
  }

  #count(summary: Summary, by: number): void {
    const id = `${summary.services} ${summary.critical}`;
    const held = this.#totals.get(id) ?? { summary, count: 0 };
    held.count += by;
    if (held.count > 0) this.#totals.set(id, held);
    else this.#totals.delete(id);
  }
}

import type { DependencyFilter, DependencyOrder } from '../queries/types.ts';
import { claimsOn, isListed, type Summary, summarize } from './dependency.ts';
import type { Hub } from './hub.ts';
import { least, orderBy, type Position, type Row } from './listing.ts';
import type { NodeTable } from './node-table.ts';
import type { View } from './view.ts';
import type { Work } from './work.ts';

/** More than that has changed since anybody asked: it is then made anew. */
const MOST_PENDING = 4_096;

/**
 * A hub at another instant of its day: the hub, but for those dependents of which something begins or ends between that
 * instant and the hub's own. Only these are judged, once each, and again after each change.
 */
export class HubAt {
  readonly #hub: Hub;
  readonly #nodes: NodeTable;
  /** What follows from the facts at that instant, right for what this dependent uses until it is called again. */
  readonly #viewOf: (dependent: number) => View;
  /** Those that are otherwise at that instant; undefined: they are no dependents then. */
  readonly #otherwise = new Map<number, Summary | undefined>();
  /** Those that may be otherwise, to be judged before anything is told. */
  readonly #pending: Set<number>;

  constructor(hub: Hub, nodes: NodeTable, viewOf: (dependent: number) => View, turning: Iterable<number>) {
    this.#hub = hub;
    this.#nodes = nodes;
    this.#viewOf = viewOf;
    this.#pending = new Set(turning);
  }

  /** Something about the dependent is changing. @returns whether it is worth while to remember that */
  touch(dependent: number): boolean {
    this.#pending.add(dependent);
    return this.#pending.size <= MOST_PENDING;
  }

  /** Judges who may be otherwise; the hub must be settled. */
  *settle(): Work<void> {
    let work = 0;
    for (const dependent of this.#pending) {
      this.#pending.delete(dependent);
      const view = this.#viewOf(dependent);
      const claims = claimsOn(view, dependent, this.#hub.vendor);
      const summary = claims.length === 0 ? undefined : summarize(view, claims);
      if (equal(summary, this.#hub.summaryOf(dependent))) this.#otherwise.delete(dependent);
      else this.#otherwise.set(dependent, summary);
      if ((++work & 0x7f) === 0) yield;
    }
  }

  total(filter: DependencyFilter): number {
    let total = this.#hub.total(filter);
    for (const [dependent, then] of this.#otherwise) {
      const now = this.#hub.summaryOf(dependent);
      if (now !== undefined && isListed(now, filter)) total--;
      if (then !== undefined && isListed(then, filter)) total++;
    }
    return total;
  }

  /** As `Hub.list`. */
  *list(filter: DependencyFilter, order: DependencyOrder, after: Position | undefined, limit: number): Work<Row[]> {
    const { sortValue, isBehind, compare } = orderBy(this.#nodes, order);
    const rows = yield* this.#hub.list(filter, order, after, limit, this.#otherwise);
    for (const [other, summary] of this.#otherwise) {
      if (summary === undefined || !isListed(summary, filter)) continue;
      const row = { other, value: sortValue(other, summary) };
      if (isBehind(row, after)) rows.push(row);
    }
    return yield* least(rows, limit, compare);
  }
}

function equal(a: Summary | undefined, b: Summary | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.confidence === b.confidence && a.lastSeen === b.lastSeen && a.services === b.services && a.critical === b.critical
  );
}

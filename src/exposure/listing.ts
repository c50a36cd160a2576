import { compareWorkedOut } from '../queries/text-order.ts';
import type { DependencyOrder } from '../queries/types.ts';
import type { Summary } from './dependency.ts';
import type { NodeTable } from './node-table.ts';
import type { Work } from './work.ts';

type Value = number | string;

/** Where a page ended: the value that rows are ordered by, and the key. */
export type Position = readonly [Value, string];

/** A dependency by its other end, with what it is ordered by. */
export interface Row {
  readonly other: number;
  readonly value: Value;
}

/** How dependencies are ordered: by a value, ascending, then by the other end's key. */
export function orderBy(nodes: NodeTable, order: DependencyOrder) {
  const compareValues = (a: Value, b: Value): number =>
    typeof a === 'string' || typeof b === 'string' ? compareWorkedOut(String(a), String(b)) : a - b;
  return {
    sortValue: (node: number, summary: Pick<Summary, 'confidence' | 'lastSeen'>): Value =>
      order === 'CONFIDENCE' ? -summary.confidence : order === 'LAST_SEEN' ? -summary.lastSeen : nodes.lowerName(node),
    compare: (a: Row, b: Row): number => compareValues(a.value, b.value) || nodes.compareKeys(a.other, b.other),
    isBehind: ({ other, value }: Row, after: Position | undefined): boolean =>
      after === undefined || (compareValues(value, after[0]) || nodes.compareText(nodes.key(other), after[1])) > 0,
  };
}

/** The least `limit` of the items, in order: one look at each, and no more kept than are asked for. */
export function* least<T>(items: Iterable<T>, limit: number, compare: (a: T, b: T) => number): Work<T[]> {
  const kept: T[] = [];
  let work = 0;
  for (const item of items) {
    if ((++work & 0x3fff) === 0) yield;
    const last = kept.at(-1);
    if (kept.length >= limit && last !== undefined && compare(item, last) >= 0) continue;
    let [low, high] = [0, kept.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(kept[middle] as T, item) < 0) low = middle + 1;
      else high = middle;
    }
    kept.splice(low, 0, item);
    if (kept.length > limit) kept.pop();
  }
  return kept;
}

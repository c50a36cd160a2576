import type { HopsFrom } from './hops.ts';
import { type HopFilter, isInner, isLast, reversed } from './reach.ts';
import { compareText } from './text-order.ts';

/** Steps of the search that one answer takes, at most. */
const MAX_STEPS = 2_000_000;

export interface PathSearch {
  readonly from: string;
  readonly to: string;
  readonly filter: HopFilter;
  /** Sequences up to and including this one were on the pages before. */
  readonly after: readonly string[] | undefined;
  readonly limit: number;
}

/**
 * Simple paths from `from` to `to` of exactly `length` hops, in the order of their keys, appended to `found` until there
 * are `limit`. Only ways that can still arrive in time are followed.
 * @returns false where the search took too many steps
 */
export function findPaths(
  search: PathSearch,
  length: number,
  hops: ReadonlyMap<string, HopsFrom>,
  found: string[][],
): boolean {
  const { from, to, after, limit } = search;
  if (after !== undefined && length < after.length - 1) {
    return true;
  }
  const ways = createWays(search, length, hops);
  const path = [from];
  let steps = 0;

  /** False: stop, out of steps. */
  function follow(key: string, left: number): boolean {
    for (const next of ways(key, left)) {
      steps += 1;
      if (steps > MAX_STEPS) {
        return false;
      }
      if (path.includes(next)) {
        continue;
      }
      path.push(next);
      const goesOn = next === to ? arrive() : follow(next, left - 1);
      path.pop();
      if (!goesOn) {
        return false;
      }
      if (found.length >= limit) {
        return true;
      }
    }
    return true;
  }

  function arrive(): boolean {
    if (after === undefined || after.length < path.length || isAfter(path, after)) {
      found.push([...path]);
    }
    return true;
  }

  return follow(from, length);
}

/** From a key with so many hops left: where to go next, by key. */
function createWays(
  { to, filter }: PathSearch,
  length: number,
  hops: ReadonlyMap<string, HopsFrom>,
): (key: string, left: number) => readonly string[] {
  const toGo = distancesTo(to, length, hops, filter);
  const sorted = new Map<string, readonly string[]>();
  const onward = (key: string): readonly string[] => {
    let known = sorted.get(key);
    if (known === undefined) {
      known = [...(hops.get(key) ?? [])]
        .flatMap(([vendor, hop]) => (isInner(hop, filter) ? [vendor] : []))
        .sort(compareText);
      sorted.set(key, known);
    }
    return known;
  };
  return (key, left) => {
    if (left === 1) {
      const last = hops.get(key)?.get(to);
      return last !== undefined && isLast(last, filter) ? [to] : [];
    }
    return onward(key).filter((next) => next !== to && (toGo.get(next) ?? left) < left);
  };
}

/** Hops to go from each organization to `to`, the last of which counts as one. */
function distancesTo(
  to: string,
  maxHops: number,
  hops: ReadonlyMap<string, HopsFrom>,
  filter: HopFilter,
): Map<string, number> {
  const last = reversed(hops, (hop, vendor) => vendor === to && isLast(hop, filter)).get(to) ?? [];
  const inner = reversed(hops, (hop) => isInner(hop, filter));
  const distances = new Map<string, number>();
  let frontier: readonly string[] = last;
  for (let distance = 1; distance <= maxHops; distance++) {
    const reached = frontier.filter((key) => key !== to && !distances.has(key));
    for (const key of reached) {
      distances.set(key, distance);
    }
    frontier = reached.flatMap((key) => inner.get(key) ?? []);
  }
  return distances;
}

/** Order of sequences of one length. */
function isAfter(path: readonly string[], other: readonly string[]): boolean {
  for (const [i, key] of path.entries()) {
    const against = other[i] ?? '';
    if (key !== against) {
      return compareText(key, against) > 0;
    }
  }
  return false;
}

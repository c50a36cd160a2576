import { AppError } from '../errors.ts';
import type { QueryContext } from '../queries/context.ts';
import { createForwardHops, type HopsFrom, untilCut } from '../queries/hops.ts';
import { loadForward, reversed } from '../queries/reach.ts';
import { compareText } from '../queries/text-order.ts';
import type { Bound } from '../queries/types.ts';

/** What can be reached from what a portfolio follows. Organizations are named by their canonical keys. */
export interface Reach {
  /** What is followed. */
  readonly members: readonly string[];
  readonly depth: number;
  /** Everything within `depth` hops, what is followed among it. */
  readonly reached: ReadonlySet<string>;
  readonly hops: ReadonlyMap<string, HopsFrom>;
  /** The same turned round. */
  readonly dependents: ReadonlyMap<string, readonly string[]>;
  /** There iff there is more than was looked at. */
  readonly bound: Bound | undefined;
}

const EVERY_HOP = { service: null, criticalOnly: false } as const;

/** @throws AppError QUERY_TIMEOUT, DATABASE_UNAVAILABLE */
export async function readReach(
  context: QueryContext,
  members: readonly string[],
  depth: number,
  at: number,
): Promise<Reach> {
  const hops = createForwardHops(context, at);
  const bound = await untilCut(() => loadForward(members, depth, EVERY_HOP, hops));
  if (bound === 'TIME') throw new AppError('QUERY_TIMEOUT', 'What a portfolio reaches could not be read in time.');
  const reached = new Set(members);
  for (const vendors of hops.of.values()) for (const vendor of vendors.keys()) reached.add(vendor);
  return { members, depth, reached, hops: hops.of, dependents: reversed(hops.of, () => true), bound };
}

export interface Exposed {
  /** Those of what is followed that are hit, or reach somebody who is within `depth` hops; the nearest first, then by key. */
  readonly members: readonly string[];
  /** For some of them, in that order, the first of their shortest paths, from the member to who is hit. */
  readonly paths: readonly (readonly string[])[];
  /** Everybody who reaches somebody who is hit. */
  readonly via: ReadonlySet<string>;
}

const MOST_PATHS = 10;

/** Who of a portfolio is exposed where these organizations are hit; undefined where nobody is. */
export function exposedTo(
  { members, depth, reached, hops, dependents }: Reach,
  hit: readonly string[],
): Exposed | undefined {
  const targets = hit.filter((key) => reached.has(key));
  if (targets.length === 0) return undefined;
  const toGo = distancesTo(targets, depth, dependents);
  const exposed = members
    .flatMap((key) => {
      const distance = toGo.get(key);
      return distance === undefined ? [] : [{ key, distance }];
    })
    .sort((a, b) => a.distance - b.distance || compareText(a.key, b.key))
    .map(({ key }) => key);
  if (exposed.length === 0) return undefined;
  const paths = exposed.slice(0, MOST_PATHS).map((from) => shortestPath(from, toGo, hops));
  return { members: exposed, paths, via: new Set(toGo.keys()) };
}

/** Hops to go to the nearest of the targets, at most `depth`. */
function distancesTo(
  targets: readonly string[],
  depth: number,
  dependents: ReadonlyMap<string, readonly string[]>,
): Map<string, number> {
  const distances = new Map(targets.map((key) => [key, 0]));
  let frontier: readonly string[] = targets;
  for (let distance = 1; distance <= depth && frontier.length > 0; distance++) {
    const next = new Set(frontier.flatMap((key) => dependents.get(key) ?? []).filter((key) => !distances.has(key)));
    for (const key of next) distances.set(key, distance);
    frontier = [...next];
  }
  return distances;
}

/** The first by key of the shortest ways. */
function shortestPath(
  from: string,
  toGo: ReadonlyMap<string, number>,
  hops: ReadonlyMap<string, HopsFrom>,
): readonly string[] {
  const path = [from];
  let key = from;
  for (let left = toGo.get(from) ?? 0; left > 0; left--) {
    const nearer = [...(hops.get(key)?.keys() ?? [])].filter((vendor) => toGo.get(vendor) === left - 1);
    key = nearer.sort(compareText)[0] ?? key;
    path.push(key);
  }
  return path;
}

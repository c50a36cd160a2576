import type { BackwardHops, ForwardHops, HopsFrom } from './hops.ts';

/**
 * Adds to `distances` every organization that reaches `vendor` in at most `maxHops` hops, the last of them for
 * `service` where one is given, at its shortest distance. The vendor itself is left out of every path, so that the
 * shortest way is a path of distinct organizations.
 */
export async function reachBackwards(
  vendor: string,
  maxHops: number,
  service: string | null,
  hops: BackwardHops,
  distances: Map<string, number>,
): Promise<void> {
  let frontier = [vendor];
  for (let distance = 1; distance <= maxHops && frontier.length > 0; distance++) {
    const into = await hops(frontier, distance === 1 ? service : null);
    const next: string[] = [];
    for (const { inner, leaves } of into.values()) {
      for (const key of leaves) {
        if (!distances.has(key)) {
          distances.set(key, distance);
        }
      }
      for (const key of inner) {
        if (key !== vendor && !distances.has(key)) {
          distances.set(key, distance);
          next.push(key);
        }
      }
    }
    frontier = next;
  }
}

/** Which hops count. */
export interface HopFilter {
  readonly service: string | null;
  readonly criticalOnly: boolean;
}

type Hop = { readonly services: ReadonlySet<string>; readonly critical: ReadonlySet<string> };

/** A hop on the way: critical for any service. */
export const isInner = (hop: Hop, { criticalOnly }: HopFilter): boolean => !criticalOnly || hop.critical.size > 0;

/** The hop that a path ends with: for the asked service. */
export const isLast = (hop: Hop, { service, criticalOnly }: HopFilter): boolean => {
  const uses = criticalOnly ? hop.critical : hop.services;
  return service === null ? uses.size > 0 : uses.has(service);
};

/** Reads what everybody within `levels` − 1 hops of these depends on. @throws Cut */
export async function loadForward(
  from: readonly string[],
  levels: number,
  filter: HopFilter,
  hops: ForwardHops,
): Promise<void> {
  const seen = new Set(from);
  let frontier: readonly string[] = from;
  for (let level = 1; level <= levels && frontier.length > 0; level++) {
    await hops.load(frontier);
    frontier = newFrontier(frontier, hops, filter, seen);
  }
}

/** What is met for the first time behind these. */
export function newFrontier(
  frontier: readonly string[],
  hops: ForwardHops,
  filter: HopFilter,
  seen: Set<string>,
): readonly string[] {
  const next: string[] = [];
  for (const key of frontier) {
    for (const [vendor, hop] of hops.of.get(key) ?? []) {
      if (!seen.has(vendor) && isInner(hop, filter)) {
        seen.add(vendor);
        next.push(vendor);
      }
    }
  }
  return next;
}

/** Hops turned round: by vendor, who depends on it. */
export function reversed(
  hops: ReadonlyMap<string, HopsFrom>,
  counts: (hop: Hop, vendor: string) => boolean,
): Map<string, string[]> {
  const into = new Map<string, string[]>();
  for (const [dependent, vendors] of hops) {
    for (const [vendor, hop] of vendors) {
      if (counts(hop, vendor)) {
        const dependents = into.get(vendor);
        if (dependents === undefined) {
          into.set(vendor, [dependent]);
        } else {
          dependents.push(dependent);
        }
      }
    }
  }
  return into;
}

/** Shortest distances from `from` over the hops on the way, never by way of `avoided`. */
export function distancesFrom(
  from: string,
  maxHops: number,
  hops: ReadonlyMap<string, HopsFrom>,
  filter: HopFilter,
  avoided?: string,
): Map<string, number> {
  const distances = new Map([[from, 0]]);
  let frontier = [from];
  for (let distance = 1; distance <= maxHops && frontier.length > 0; distance++) {
    const next: string[] = [];
    for (const key of frontier) {
      for (const [vendor, hop] of hops.get(key) ?? []) {
        if (vendor !== avoided && !distances.has(vendor) && isInner(hop, filter)) {
          distances.set(vendor, distance);
          next.push(vendor);
        }
      }
    }
    frontier = next;
  }
  return distances;
}

/**
 * Shortest distance from `from` to each vendor by a path of distinct organizations whose last hop counts as one.
 * The nearest way to the last dependent could lead through the vendor itself; then a way around it is looked for.
 */
export function vendorDistances(
  from: string,
  maxHops: number,
  hops: ReadonlyMap<string, HopsFrom>,
  filter: HopFilter,
): Map<string, number> {
  const inner = distancesFrom(from, maxHops - 1, hops, filter);
  const near = new Map<string, number>();
  const dependents = reversed(hops, (hop) => isLast(hop, filter));
  for (const [vendor, keys] of dependents) {
    if (vendor === from) {
      continue;
    }
    let best = nearest(keys, inner);
    if (best > (inner.get(vendor) ?? Number.POSITIVE_INFINITY)) {
      best = nearest(keys, distancesFrom(from, maxHops - 1, hops, filter, vendor));
    }
    if (best < maxHops) {
      near.set(vendor, best + 1);
    }
  }
  return near;
}

function nearest(keys: readonly string[], distances: ReadonlyMap<string, number>): number {
  return keys.reduce(
    (least, key) => Math.min(least, distances.get(key) ?? Number.POSITIVE_INFINITY),
    Number.POSITIVE_INFINITY,
  );
}

/** How many of `members` reach `vendor`, by hops that have been turned round. */
export function countReaching(
  vendor: string,
  maxHops: number,
  members: ReadonlySet<string>,
  last: ReadonlyMap<string, readonly string[]>,
  inner: ReadonlyMap<string, readonly string[]>,
): number {
  const seen = new Set([vendor]);
  let frontier = [vendor];
  let count = 0;
  for (let distance = 1; distance <= maxHops && frontier.length > 0; distance++) {
    const into = distance === 1 ? last : inner;
    const next: string[] = [];
    for (const dependent of frontier.flatMap((key) => into.get(key) ?? [])) {
      if (!seen.has(dependent)) {
        seen.add(dependent);
        next.push(dependent);
        count += members.has(dependent) ? 1 : 0;
      }
    }
    frontier = next;
  }
  return count;
}

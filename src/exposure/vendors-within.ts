import type { Hops } from './hops.ts';
import { Neighbourhood } from './neighbourhood.ts';
import type { View } from './view.ts';
import type { Work } from './work.ts';

/**
 * Shortest distance from `from` to each vendor by a path of distinct organizations whose last hop counts as one: each
 * organization that the last hop can come from is reached by some way that doesn't lead through the vendor itself.
 */
export function* vendorsWithin(view: View, from: number, maxHops: number, hops: Hops): Work<Map<number, number>> {
  const around = new Neighbourhood(view, hops);
  const near = new Map<number, number>();
  const needed = new Map<number, readonly number[]>([[from, []]]);
  let frontier: ReadonlyMap<number, readonly number[]> = needed;
  for (let distance = 1; distance <= maxHops && frontier.size > 0; distance++) {
    for (const [holder, on] of frontier) {
      for (const vendor of around.read(holder).last)
        if (vendor !== from && !near.has(vendor) && !on.includes(vendor)) near.set(vendor, distance);
      yield;
    }
    if (distance < maxHops) frontier = yield* oneHopOn(around, from, needed, frontier);
  }
  return near;
}

/**
 * `needed`: who is on all ways to an organization of at most so many hops, itself included. That is part of any one of
 * the ways, so it is never more than the hops, and can only become less with more hops: little of it changes often.
 * @returns those of whom it is another with one hop more
 */
function* oneHopOn(
  around: Neighbourhood,
  from: number,
  needed: Map<number, readonly number[]>,
  changed: ReadonlyMap<number, readonly number[]>,
): Work<Map<number, readonly number[]>> {
  const next = new Map<number, readonly number[]>();
  for (const [holder, on] of changed) {
    for (const vendor of around.read(holder).inner) {
      if (vendor === from) continue;
      const before = next.get(vendor) ?? needed.get(vendor);
      const now = before?.filter((one) => one === vendor || on.includes(one)) ?? [...on, vendor];
      if (now.length !== before?.length) next.set(vendor, now);
    }
    yield;
  }
  for (const [vendor, on] of next) needed.set(vendor, on);
  return next;
}

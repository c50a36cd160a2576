import { BackwardSearch } from './backward-search.ts';
import type { Hops, Reach } from './hops.ts';
import type { View } from './view.ts';
import type { Work } from './work.ts';

/**
 * Everybody who reaches `vendor` in at most `maxHops` hops, at the shortest distance, breadth first over the claims. The
 * vendor is part of no way to itself, so the shortest way is a path of distinct organizations.
 */
export function* reachInto(view: View, vendor: number, maxHops: number, hops: Hops): Work<Reach> {
  const search = new BackwardSearch(view, vendor, hops);
  let frontier: ArrayLike<number> = [vendor];
  for (let distance = 1; distance <= maxHops && frontier.length > 0; distance++) {
    const service = distance === 1 ? hops.service : -1;
    if (service < 0 && search.isMostFound()) yield* search.sweep(distance);
    else yield* search.expand(frontier, service, distance);
    frontier = search.endLevel();
  }
  return search.result();
}

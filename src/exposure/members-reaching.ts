import { Adjacency } from './adjacency.ts';
import { grown } from './columns.ts';
import type { Hops } from './hops.ts';
import { Neighbourhood } from './neighbourhood.ts';
import type { View } from './view.ts';
import type { Work } from './work.ts';

/** How many of the members reach each vendor: forwards once from the members, who use few, then back from each vendor. */
export function* countMembersReaching(
  view: View,
  vendors: readonly number[],
  maxHops: number,
  hops: Hops,
  members: ReadonlySet<number>,
): Work<Map<number, number>> {
  const around = new Neighbourhood(view, hops);
  const near = yield* around.distances([...members], maxHops - 1);
  const turned = new TurnedHops([...near.keys()], vendors, members);
  yield* turned.build(around);
  const counts = new Map<number, number>();
  for (const vendor of vendors) {
    counts.set(vendor, turned.countReaching(vendor, maxHops));
    yield;
  }
  return counts;
}

/** The hops of some organizations, turned round. The organizations are numbered anew, so that arrays do for maps. */
class TurnedHops {
  readonly #holders: readonly number[];
  readonly #placeOf: ReadonlyMap<number, number>;
  readonly #isMember: Uint8Array;
  /** Places of those whose last hop leads to a vendor that is asked about. */
  readonly #last: ReadonlyMap<number, number[]>;
  #from = new Int32Array(1024);
  #lists = new Adjacency();
  /** The turn in which a place was last met. */
  readonly #met: Int32Array;
  readonly #queue: Int32Array;
  #turn = 0;

  constructor(holders: readonly number[], vendors: readonly number[], members: ReadonlySet<number>) {
    this.#holders = holders;
    this.#placeOf = new Map(holders.map((holder, place) => [holder, place]));
    this.#isMember = Uint8Array.from(holders, (holder) => (members.has(holder) ? 1 : 0));
    this.#last = new Map(vendors.map((vendor) => [vendor, []]));
    this.#met = new Int32Array(holders.length);
    this.#queue = new Int32Array(holders.length);
  }

  *build(around: Neighbourhood): Work<void> {
    let [to, hops] = [new Int32Array(1024), 0];
    for (const [place, holder] of this.#holders.entries()) {
      const { inner, last } = around.read(holder);
      for (const vendor of last) this.#last.get(vendor)?.push(place);
      for (const vendor of inner) {
        const target = this.#placeOf.get(vendor);
        if (target === undefined) continue;
        to = grown(to, hops + 1);
        this.#from = grown(this.#from, hops + 1);
        to[hops] = target;
        this.#from[hops++] = place;
      }
      if ((place & 0xff) === 0) yield;
    }
    this.#lists = Adjacency.from(to, hops, this.#holders.length);
  }

  countReaching(vendor: number, maxHops: number): number {
    const [met, queue, turn] = [this.#met, this.#queue, ++this.#turn];
    const own = this.#placeOf.get(vendor);
    if (own !== undefined) met[own] = turn;
    let [head, tail, count] = [0, 0, 0];
    const find = (place: number): void => {
      if (met[place] === turn) return;
      met[place] = turn;
      queue[tail++] = place;
      count += this.#isMember[place] as number;
    };
    for (const place of this.#last.get(vendor) ?? []) find(place);
    const { pool, start, length } = this.#lists;
    for (let distance = 2; distance <= maxHops; distance++) {
      for (const end = tail; head < end; head++) {
        const begin = start[queue[head] as number] as number;
        for (let at = begin; at < begin + (length[queue[head] as number] as number); at++)
          find(this.#from[pool[at] as number] as number);
      }
    }
    return count;
  }
}

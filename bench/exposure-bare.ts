import { nodesOf } from '../src/exposure/dependency.ts';
import { CRITICAL, IN_FORCE, type View } from '../src/exposure/view.ts';

/** Organization-to-organization edges, each once, by the vendor: what no search back from a vendor can do without. */
export interface BareEdges {
  readonly start: Int32Array;
  readonly dependents: Int32Array;
}

export function bareEdges(view: View, criticalOnly: boolean): BareEdges {
  const { count } = view.facts.nodes;
  const start = new Int32Array(count + 2);
  eachEdge(view, criticalOnly, (vendor) => {
    start[vendor + 2] = (start[vendor + 2] as number) + 1;
  });
  for (let node = 2; node < start.length; node++) start[node] = (start[node] as number) + (start[node - 1] as number);
  const dependents = new Int32Array(start[count + 1] as number);
  eachEdge(view, criticalOnly, (vendor, dependent) => {
    const at = start[vendor + 1] as number;
    dependents[at] = dependent;
    start[vendor + 1] = at + 1;
  });
  return { start, dependents };
}

function eachEdge(view: View, criticalOnly: boolean, visit: (vendor: number, dependent: number) => void): void {
  const { nodes, uses } = view.facts;
  const need = criticalOnly ? IN_FORCE | CRITICAL : IN_FORCE;
  for (let holder = 0; holder < nodes.count; holder++) {
    if (nodes.holder[holder] !== holder) continue;
    const vendors = new Set<number>();
    for (const node of nodesOf(view, holder)) {
      const begin = uses.bySubject.start[node] ?? 0;
      for (let at = begin; at < begin + uses.bySubject.count(node); at++) {
        const claim = uses.bySubject.pool[at] as number;
        const vendor = nodes.holder[uses.object[claim] as number] as number;
        if (((view.flags[claim] as number) & need) === need && vendor !== holder) vendors.add(vendor);
      }
    }
    for (const vendor of vendors) visit(vendor, holder);
  }
}

/** A plain breadth-first search. @returns how many reach the vendor in at most `maxHops` hops */
export function bareSearch({ start, dependents }: BareEdges, vendor: number, maxHops: number): number {
  const seen = new Uint8Array(start.length);
  const queue = new Int32Array(start.length);
  seen[vendor] = 1;
  queue[0] = vendor;
  let [head, tail] = [0, 1];
  for (let distance = 1; distance <= maxHops; distance++) {
    for (const end = tail; head < end; head++) {
      const holder = queue[head] as number;
      for (let at = start[holder] as number; at < (start[holder + 1] as number); at++) {
        const dependent = dependents[at] as number;
        if (seen[dependent] !== 0) continue;
        seen[dependent] = 1;
        queue[tail++] = dependent;
      }
    }
  }
  return tail - 1;
}

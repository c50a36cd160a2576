import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HopsFrom } from '../../src/queries/hops.ts';
import { findPaths } from '../../src/queries/paths.ts';
import {
  countReaching,
  type HopFilter,
  isInner,
  isLast,
  reachBackwards,
  reversed,
  vendorDistances,
} from '../../src/queries/reach.ts';

type Graph = ReadonlyMap<string, HopsFrom>;

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];
const MAX_HOPS = 4;

const hop = fc.record({
  dependent: fc.constantFrom(...KEYS),
  vendor: fc.constantFrom(...KEYS),
  service: fc.constantFrom('DNS', 'CDN'),
  critical: fc.boolean(),
});

const graphs: fc.Arbitrary<Graph> = fc.array(hop, { maxLength: 24 }).map((hops) => {
  const graph = new Map<string, Map<string, { services: Set<string>; critical: Set<string> }>>();
  for (const { dependent, vendor, service, critical } of hops.filter((h) => h.dependent !== h.vendor)) {
    const of = graph.get(dependent) ?? new Map();
    const uses = of.get(vendor) ?? { services: new Set(), critical: new Set() };
    uses.services.add(service);
    if (critical) {
      uses.critical.add(service);
    }
    graph.set(dependent, of.set(vendor, uses));
  }
  return graph;
});

const filters: fc.Arbitrary<HopFilter> = fc.record({
  service: fc.constantFrom(null, 'DNS'),
  criticalOnly: fc.boolean(),
});

/** Every simple path that meets the filter, by brute force, by length, then by keys. */
function allPaths(graph: Graph, from: string, to: string, filter: HopFilter): string[][] {
  const found: string[][] = [];
  const walk = (path: string[]) => {
    const here = path.at(-1) ?? from;
    for (const [vendor, uses] of graph.get(here) ?? []) {
      if (vendor === to && isLast(uses, filter)) {
        found.push([...path, vendor]);
      } else if (vendor !== to && !path.includes(vendor) && isInner(uses, filter) && path.length < MAX_HOPS) {
        walk([...path, vendor]);
      }
    }
  };
  if (from !== to) {
    walk([from]);
  }
  return found.sort((x, y) => x.length - y.length || (x.join() < y.join() ? -1 : 1));
}

function shortest(graph: Graph, from: string, to: string, filter: HopFilter): number | undefined {
  const [path] = allPaths(graph, from, to, filter);
  return path && path.length - 1;
}

test('paths are all the simple ones, by length and then by keys, and paging loses and repeats none', () => {
  fc.assert(
    fc.property(graphs, filters, fc.integer({ min: 1, max: 5 }), (graph, filter, first) => {
      const expected = allPaths(graph, 'a', 'f', filter);
      const listed: string[][] = [];
      for (;;) {
        const found: string[][] = [];
        const search = { from: 'a', to: 'f', filter, after: listed.at(-1), limit: first };
        for (let length = 1; length <= MAX_HOPS && found.length < first; length++) {
          expect(findPaths(search, length, graph, found)).toBe(true);
        }
        listed.push(...found);
        if (found.length < first) {
          break;
        }
      }
      expect(listed).toEqual(expected);
    }),
  );
});

test('a vendor is as far away as the shortest path of distinct organizations that ends with the asked service', () => {
  fc.assert(
    fc.property(graphs, filters, fc.integer({ min: 2, max: MAX_HOPS }), (graph, filter, depth) => {
      const near = vendorDistances('a', depth, graph, filter);
      for (const vendor of KEYS.slice(1)) {
        const distance = shortest(graph, 'a', vendor, filter);
        expect([vendor, near.get(vendor)]).toEqual([vendor, (distance ?? 99) <= depth ? distance : undefined]);
      }
    }),
  );
});

test('going backwards from the vendor finds everybody who reaches it, at the shortest distance', async () => {
  await fc.assert(
    fc.asyncProperty(graphs, filters, async (graph, filter) => {
      const last = reversed(graph, (uses) => isLast(uses, filter));
      const inner = reversed(graph, (uses) => isInner(uses, filter));
      const distances = new Map<string, number>();
      const hops = async (keys: readonly string[], service: string | null) =>
        new Map(
          keys.map((key) => [key, { inner: (service === null ? inner : last).get(key) ?? [], leaves: [] }] as const),
        );
      await reachBackwards('f', MAX_HOPS, filter.service, hops, distances);
      const expected = KEYS.slice(0, -1).flatMap((key) => {
        const distance = shortest(graph, key, 'f', filter);
        return distance === undefined ? [] : [[key, distance] as const];
      });
      expect([...distances].sort()).toEqual(expected.sort());
      const members = new Set(['a', 'c', 'f']);
      const inScope = expected.filter(([key]) => members.has(key)).length;
      expect(countReaching('f', MAX_HOPS, members, last, inner)).toBe(inScope);
    }),
  );
});

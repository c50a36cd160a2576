import type { IndexedQueries } from '../src/exposure/exposure-index.ts';
import type { Cursor, DependencyOrder } from '../src/queries/types.ts';
import { type BenchGraph, domainName, HUB, vendorKey } from './exposure-graph.ts';

export interface BenchQuestion {
  readonly name: string;
  /** Asked for the n-th time. */
  ask(queries: IndexedQueries, n: number): Promise<unknown>;
  /** Where a bare search answers it: from which vendor, and over which edges. */
  readonly search?: { readonly vendor: string; readonly criticalOnly: boolean };
  /** Whether its p99 is to be at most 20 ms: pages and counts of one hop. */
  readonly isOneHop?: boolean;
}

const PAGE = 50;
const PORTFOLIO = 500;

/** The questions about the hub, a large vendor and a median one. */
export async function benchQuestions(graph: BenchGraph, at: number, index: IndexedQueries): Promise<BenchQuestion[]> {
  const vendors = [
    ['hub', vendorKey(HUB)],
    ['large', vendorKey(1)],
    ['median', vendorKey((graph.vendors >> 1) + 1)],
  ] as const;
  const member = (n: number): string =>
    domainName(graph.vendors + Math.floor(((n % PORTFOLIO) * (graph.domains - graph.vendors)) / PORTFOLIO));
  const domains = Array.from({ length: PORTFOLIO }, (_, n) => member(n));
  const scope = { organizations: [], domains };
  const questions: BenchQuestion[] = [];
  for (const [name, vendor] of vendors) {
    questions.push(search(name, vendor, false, at), search(name, vendor, true, at));
    questions.push(total(name, vendor, false, at), total(name, vendor, true, at));
    for (const order of ['NAME', 'CONFIDENCE'] as const) {
      questions.push(page(`${name}, first by ${order}`, vendor, order, at));
      const all = (await index.dependentsOf([vendor], { orderBy: order }, { first: 99 * PAGE, at })).get(vendor);
      if (all?.hasNextPage !== true) continue;
      questions.push(page(`${name}, 100th by ${order}`, vendor, order, at, all.edges.at(-1)?.cursor));
    }
  }
  for (const [name, to] of vendors) {
    questions.push({
      name: `paths to ${name}`,
      ask: (q, n) => q.exposurePaths({ from: `domain:${member(n)}`, to, maxHops: 4 }, { first: 10, at }),
    });
  }
  questions.push(
    {
      name: 'concentration of 500',
      ask: (q) => q.concentrationRisk({ scope, maxHops: 4 }, { first: 20, at }),
    },
    {
      name: 'concentration of 500, direct',
      ask: (q) => q.concentrationRisk({ scope, maxHops: 4, withReach: false }, { first: 20, at }),
    },
    {
      name: 'concentration of all, direct',
      ask: (q) => q.concentrationRisk({ maxHops: 4, withReach: false }, { first: 20, at }),
    },
  );
  return questions;
}

function search(name: string, vendor: string, criticalOnly: boolean, at: number): BenchQuestion {
  return {
    name: `blast radius of ${name}${criticalOnly ? ', critical' : ''}`,
    ask: (q) => q.blastRadius(vendor, { maxHops: 3, criticalOnly }, at),
    search: { vendor, criticalOnly },
  };
}

function total(name: string, vendor: string, criticalOnly: boolean, at: number): BenchQuestion {
  return {
    name: `dependents of ${name}${criticalOnly ? ', critical' : ''}`,
    ask: (q) => q.dependentTotalsOf([vendor], { criticalOnly }, at),
    isOneHop: true,
  };
}

function page(name: string, vendor: string, orderBy: DependencyOrder, at: number, after?: Cursor): BenchQuestion {
  return {
    name: `page of ${name}`,
    ask: (q) => q.dependentsOf([vendor], { orderBy }, { first: PAGE, at, after }),
    isOneHop: true,
  };
}

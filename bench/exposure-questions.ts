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

/** The instant that a question is about, when it is asked. */
type Clock = () => number;

/** The questions about the hub, a large vendor and a median one. */
export async function benchQuestions(graph: BenchGraph, now: Clock, index: IndexedQueries): Promise<BenchQuestion[]> {
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
    questions.push(search(name, vendor, false, now), search(name, vendor, true, now));
    questions.push(total(name, vendor, false, now), total(name, vendor, true, now));
    for (const order of ['NAME', 'CONFIDENCE'] as const) {
      questions.push(page(`${name}, first by ${order}`, vendor, order, now));
      // Who walks through pages stays at the instant of the first.
      const begun = now();
      const all = (await index.dependentsOf([vendor], { orderBy: order }, { first: 99 * PAGE, at: begun })).get(vendor);
      if (all?.hasNextPage !== true) continue;
      questions.push(page(`${name}, 100th by ${order}`, vendor, order, () => begun, all.edges.at(-1)?.cursor));
    }
  }
  for (const [name, to] of vendors) {
    questions.push({
      name: `paths to ${name}`,
      ask: (q, n) => q.exposurePaths({ from: `domain:${member(n)}`, to, maxHops: 4 }, { first: 10, at: now() }),
    });
  }
  questions.push(
    {
      name: 'concentration of 500',
      ask: (q) => q.concentrationRisk({ scope, maxHops: 4 }, { first: 20, at: now() }),
    },
    {
      name: 'concentration of 500, direct',
      ask: (q) => q.concentrationRisk({ scope, maxHops: 4, withReach: false }, { first: 20, at: now() }),
    },
    {
      name: 'concentration of all, direct',
      ask: (q) => q.concentrationRisk({ maxHops: 4, withReach: false }, { first: 20, at: now() }),
    },
  );
  return questions;
}

function search(name: string, vendor: string, criticalOnly: boolean, now: Clock): BenchQuestion {
  return {
    name: `blast radius of ${name}${criticalOnly ? ', critical' : ''}`,
    ask: (q) => q.blastRadius(vendor, { maxHops: 3, criticalOnly }, now()),
    search: { vendor, criticalOnly },
  };
}

function total(name: string, vendor: string, criticalOnly: boolean, now: Clock): BenchQuestion {
  return {
    name: `dependents of ${name}${criticalOnly ? ', critical' : ''}`,
    ask: (q) => q.dependentTotalsOf([vendor], { criticalOnly }, now()),
    isOneHop: true,
  };
}

function page(name: string, vendor: string, orderBy: DependencyOrder, now: Clock, after?: Cursor): BenchQuestion {
  return {
    name: `page of ${name}`,
    ask: (q) => q.dependentsOf([vendor], { orderBy }, { first: PAGE, at: now(), after }),
    isOneHop: true,
  };
}

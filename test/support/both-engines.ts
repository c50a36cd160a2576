import { expect } from 'vitest';
import type { IndexedQueries } from '../../src/exposure/exposure-index.ts';
import type { Service } from '../../src/identity/service.ts';
import type { Cursor, Page, PageRequest } from '../../src/queries/types.ts';

export interface Asking {
  /** Keys of organizations and domains, as `organizations` takes them; also of absorbed ones. */
  readonly keys: readonly string[];
  readonly at: number;
  readonly service: Service | undefined;
  readonly criticalOnly: boolean;
  readonly maxShare: number | undefined;
  readonly minConfidence: number | undefined;
  readonly maxHops: number;
  readonly pageSize: number;
}

/** Fails unless both engines give the same answers to the last digit, in the same order, with the same cursors. */
export async function expectEqualAnswers(a: IndexedQueries, b: IndexedQueries, asking: Asking): Promise<number> {
  let asked = 0;
  for (const [name, question] of questionsOf(asking)) {
    const [left, right] = await Promise.all([settled(question(a)), settled(question(b))]);
    // Equal texts need no comparing of their parts, which takes longer than most questions.
    if (left !== right) expect([name, JSON.parse(left)]).toEqual([name, JSON.parse(right)]);
    asked += 1;
  }
  return asked;
}

type Question = readonly [name: string, ask: (queries: IndexedQueries) => Promise<unknown>];

function* questionsOf(asking: Asking): Generator<Question> {
  const { keys, at, service, criticalOnly, maxShare, minConfidence, maxHops } = asking;
  const filter = { service, criticalOnly, minConfidence };
  const hops = { service, criticalOnly, maxShare };
  for (const orderBy of ['CONFIDENCE', 'NAME', 'LAST_SEEN'] as const) {
    for (const key of keys) {
      const args = { ...filter, orderBy };
      yield [
        `dependencies of ${key} by ${orderBy}`,
        (q) => all(asking, async (page) => (await q.dependenciesOf([key], args, page)).get(key)),
      ];
      yield [
        `dependents of ${key} by ${orderBy}`,
        (q) => all(asking, async (page) => (await q.dependentsOf([key], args, page)).get(key)),
      ];
    }
  }
  yield ['dependency totals', (q) => q.dependencyTotalsOf(keys, filter, at)];
  yield ['dependent totals', (q) => q.dependentTotalsOf(keys, filter, at)];
  for (const key of keys) {
    yield [`nth parties of ${key}`, (q) => all(asking, (page) => q.nthParties(key, { depth: maxHops, ...hops }, page))];
    yield [`blast radius of ${key}`, (q) => q.blastRadius(key, { maxHops, ...hops }, at)];
    yield [
      `who is hit by ${key}`,
      (q) => all(asking, (page) => q.blastRadiusOrganizations(key, { maxHops, ...hops }, page)),
    ];
  }
  for (const from of keys.slice(0, 3)) {
    for (const to of keys.slice(-3)) {
      yield [`dependency of ${from} on ${to}`, (q) => q.dependency({ dependent: from, vendor: to }, at)];
      yield [
        `paths ${from} ${to}`,
        (q) => all(asking, (page) => q.exposurePaths({ from, to, maxHops, ...hops }, page)),
      ];
    }
  }
  const domains = keys.flatMap((key) => (key.startsWith('domain:') ? [key.slice('domain:'.length)] : []));
  for (const scope of [undefined, { organizations: keys.slice(0, 2), domains: domains.slice(-2) }]) {
    const args = { service, criticalOnly, maxShare, maxHops, scope };
    yield [`concentration in ${JSON.stringify(scope)}`, (q) => all(asking, (page) => q.concentrationRisk(args, page))];
  }
  for (const orderBy of ['DEPENDENTS', 'NAME'] as const) {
    for (const more of [{}, { nameContains: 'B' }, { minDependents: 2 }]) {
      const args = { service, orderBy, ...more };
      yield [`vendors by ${orderBy} ${JSON.stringify(more)}`, (q) => all(asking, (page) => q.vendors(args, page))];
      yield [`vendor total ${JSON.stringify(more)}`, (q) => q.vendorTotal(args, at)];
    }
  }
}

/** All pages, from the first to the last. */
async function all<T>(
  { at, pageSize }: Asking,
  ask: (page: PageRequest) => Promise<(Page<T> & object) | undefined>,
): Promise<unknown[]> {
  const pages: unknown[] = [];
  for (let after: Cursor | undefined; pages.length < 50; ) {
    const page = await ask({ first: pageSize, at, after });
    pages.push(page ?? { edges: [], hasNextPage: false });
    after = page?.edges.at(-1)?.cursor;
    if (page === undefined || !page.hasNextPage) return pages;
  }
  return pages;
}

/** An error is an answer too; a page that was never cut and one without the word are the same. */
async function settled(answer: Promise<unknown>): Promise<string> {
  try {
    const value = await answer;
    return JSON.stringify(value instanceof Map ? [...value].sort() : (value ?? null));
  } catch (error) {
    return JSON.stringify({ error: error instanceof Error && 'code' in error ? error.code : String(error) });
  }
}

import type { Plan } from 'neo4j-driver';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Driver } from '../../src/graph/driver.ts';
import type { Statement } from '../../src/graph/statement.ts';
import * as alert from '../../src/graph/statements/alert.ts';
import * as claim from '../../src/graph/statements/claim.ts';
import * as concentration from '../../src/graph/statements/concentration.ts';
import * as decision from '../../src/graph/statements/decision.ts';
import * as dependency from '../../src/graph/statements/dependency.ts';
import * as dismissal from '../../src/graph/statements/dismissal.ts';
import * as domain from '../../src/graph/statements/domain.ts';
import * as exposure from '../../src/graph/statements/exposure.ts';
import * as incident from '../../src/graph/statements/incident.ts';
import * as organization from '../../src/graph/statements/organization.ts';
import * as portfolio from '../../src/graph/statements/portfolio.ts';
import * as search from '../../src/graph/statements/search.ts';
import * as source from '../../src/graph/statements/source.ts';
import * as write from '../../src/graph/statements/write.ts';
import { visibleTo } from '../../src/graph/visible.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import type { VendorArgs } from '../../src/queries/types.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { day, declaredSources, own, sight, writeFacts } from '../support/facts.ts';

let driver: Driver;

beforeAll(async () => {
  driver = testDriver();
  await freshDatabase(driver);
  const sites = Array.from({ length: 300 }, (_, i) => `site${i}.example`);
  await writeFacts(driver, [
    ...sites.map((site) => sight('zdns', site, 'DNS', 'dns.example', day(1))),
    ...sites.slice(0, 100).map((site) => own('partner', site, `partner:${site}`, day(1))),
  ]);
});
afterAll(() => driver.close());

/** Reads all nodes, or all of a label, or pairs everything with everything: none is right at any size. */
const FORBIDDEN =
  /AllNodesScan|NodeByLabelScan|UnionNodeByLabelsScan|CartesianProduct|UndirectedRelationshipTypeScan|AllRelationshipsScan/;
/** A question about everybody reads every claim once. */
const WHOLE_GRAPH = /Directed(Union)?RelationshipTypes?Scan/;
const OF_EVERYBODY = new Set(['concentration.rankVendors', 'concentration.countVendors']);

const statements: Statement<object, object>[] = [
  alert,
  claim,
  concentration,
  decision,
  dependency,
  dismissal,
  domain,
  exposure,
  incident,
  organization,
  portfolio,
  search,
  source,
].flatMap((noun) => Object.values<unknown>(noun).filter(isStatement));

function isStatement(value: unknown): value is Statement<object, object> {
  return typeof value === 'object' && value !== null && 'text' in value && 'name' in value;
}

function operators(plan: Plan): string[] {
  return [plan.operatorType, ...plan.children.flatMap(operators)];
}

/** The operators of the plan that the database makes of a text. */
async function explain(text: string): Promise<string[]> {
  const session = driver.session({ defaultAccessMode: 'READ' });
  try {
    const { summary } = await session.run(`EXPLAIN ${text}`);
    const used = summary.plan ? operators(summary.plan) : [];
    expect(used.length).toBeGreaterThan(0);
    return used;
  } finally {
    await session.close();
  }
}

test.each(statements)('$name finds what it reads by an index', async ({ name, text }) => {
  const used = await explain(text);
  expect(used.filter((operator) => FORBIDDEN.test(operator))).toEqual([]);
  if (!OF_EVERYBODY.has(name)) {
    expect(used.filter((operator) => WHOLE_GRAPH.test(operator))).toEqual([]);
  }
});

/** What a viewer with private claims has run in its place. */
const OF_TENANTS = statements
  // Decisions are public, and read as everybody sees them.
  .filter((statement) => visibleTo(statement) !== statement.text && !statement.name.startsWith('decision.'))
  .map((statement) => ({ ...statement, text: visibleTo(statement) }));

test.each(OF_TENANTS)('$name does so for a tenant with private claims', async ({ name, text }) => {
  const used = await explain(text);
  const isOfEverybody = OF_EVERYBODY.has(name);
  const forbidden = used.filter((operator) => FORBIDDEN.test(operator));
  // From each node to what it uses is as good a way to see every claim once.
  expect(forbidden.filter((operator) => !isOfEverybody || !operator.startsWith('AllNodesScan'))).toEqual([]);
  if (!isOfEverybody) expect(used.filter((operator) => WHOLE_GRAPH.test(operator))).toEqual([]);
});

/** Forgets all plans. @returns how many there were */
async function forgetPlans(): Promise<number> {
  const { records } = await driver.executeQuery('CALL db.clearQueryCaches()');
  return Number(/\d+/.exec(String(records[0]?.get('value')))?.[0]);
}

test('a statement is planned once, whatever is asked for', async () => {
  const queries = createNeo4jQueries({ driver, sources: declaredSources });
  const page = { first: 20, at: day(2) };
  const some = (count: number) => Array.from({ length: count }, (_, i) => `site${i}.example`);
  const planned = async (asks: readonly VendorArgs[], names: readonly string[][]) => {
    await forgetPlans();
    for (const args of asks) await queries.vendors(args, page);
    for (const domains of names) await queries.domains(domains);
    return forgetPlans();
  };
  const once = await planned([{}], [some(1)]);
  const asks: VendorArgs[] = [
    {},
    { service: 'DNS' },
    { nameContains: 'dns' },
    { service: 'ANALYTICS', minDependents: 3 },
  ];
  expect(once).toBeGreaterThanOrEqual(2);
  expect(await planned(asks, [[], some(1), some(20), some(300), ['x'.repeat(200)]])).toBe(once);
});

test('what is written is found by an index also in plans that are made while the graph is empty', async () => {
  await freshDatabase(driver);
  const writing = [write, write.createClaims, write.createSighted]
    .flatMap((all) => Object.values<unknown>(all))
    .filter(isStatement);
  for (const { name, text } of writing) {
    const used = await explain(`CYPHER replan=force ${text}`);
    expect([name, used.filter((operator) => FORBIDDEN.test(operator))]).toEqual([name, []]);
  }
});

test('no two statements share a name', () => {
  expect(new Set(statements.map(({ name }) => name)).size).toBe(statements.length);
});

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Access } from '../../src/api/access.ts';
import { ROLES } from '../../src/api/viewer.ts';
import { ExposureIndex } from '../../src/exposure/exposure-index.ts';
import { Facts } from '../../src/exposure/facts.ts';
import { loadFacts } from '../../src/exposure/load.ts';
import { createIndexedQueries } from '../../src/exposure/queries.ts';
import type { GraphAction } from '../../src/graph/actions.ts';
import { checkGraph } from '../../src/graph/check.ts';
import type { Driver } from '../../src/graph/driver.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { type AskedDocument, everyQuestion, type Round } from '../support/every-question.ts';
import { day, tenantSources, writeFacts } from '../support/facts.ts';
import { type PrivateWorld, privateWorlds } from '../support/private-worlds.ts';
import { seeded, shuffled } from '../support/seeded.ts';
import { startApi, type TestApi } from './api-client.ts';

/**
 * The answers that a tenant gets are byte for byte the same with and without another tenant's claims in the database:
 * counts, order, cursors, errors, freshness; by both engines, over HTTP. More worlds: NONINTERFERENCE_WORLDS; of each,
 * more of the questions: NONINTERFERENCE_SHARE.
 */
const WORLDS = Number(process.env.NONINTERFERENCE_WORLDS ?? 3);
/** Of the questions, so many are asked of each world. */
const SHARE = Number(process.env.NONINTERFERENCE_SHARE ?? 0.2);
/** How many are asked at the same time. */
const AT_ONCE = 6;
const NOW = day(41);
const MOST_PAGES = 4;

let driver: Driver;
let byCypher: TestApi;
let byIndex: TestApi;
let index = new ExposureIndex(new Facts(() => 1), tenantSources);

/** Who asks is said by the header: these tests are not about tokens. */
const byHeader: Access = async (tenant = 'public') => ({ name: tenant, tenant, roles: new Set(ROLES) });
const rankOf = (source: string) => tenantSources.get(source)?.rank ?? Number.MAX_SAFE_INTEGER;

beforeAll(async () => {
  driver = testDriver();
  // A database that has just started may take longer over its first plans than an answer may take.
  const shared = { access: byHeader, sources: tenantSources, clock: () => NOW, timeLimit: 100_000 };
  const database = createNeo4jQueries({ driver, sources: tenantSources, timeout: 100_000 });
  const ofIndex = { queries: (...asked: Parameters<ExposureIndex['queries']>) => index.queries(...asked) };
  byCypher = await startApi(driver, { ...shared, queries: database });
  byIndex = await startApi(driver, { ...shared, queries: createIndexedQueries(database, ofIndex) });
});
afterAll(async () => {
  await Promise.all([byCypher.close(), byIndex.close()]);
  await driver.close();
});

/** A database of nothing but these, in that order. */
async function hold(actions: readonly GraphAction[]): Promise<void> {
  await freshDatabase(driver);
  await writeFacts(driver, actions);
  index = new ExposureIndex(await loadFacts(driver, rankOf), tenantSources, { clock: () => NOW, hubSize: 2 });
}

async function post({ url }: TestApi, tenant: string, { query, variables }: AskedDocument): Promise<string> {
  const headers = { 'content-type': 'application/json', authorization: tenant };
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query, variables }),
  });
  return `${response.status} ${response.headers.get('etag')} ${await response.text()}`;
}

/** The answer and those for the pages behind it. */
async function answersTo(api: TestApi, tenant: string, asked: AskedDocument): Promise<string[]> {
  const answers = [await post(api, tenant, asked)];
  while (asked.paged !== undefined && answers.length < MOST_PAGES) {
    const after = cursorBehind(answers.at(-1) as string, asked.paged);
    if (after === undefined) break;
    answers.push(await post(api, tenant, { ...asked, variables: { ...asked.variables, after } }));
  }
  return answers;
}

function cursorBehind(answer: string, path: readonly string[]): string | undefined {
  let at: any = JSON.parse(answer.slice(answer.indexOf('{'))).data;
  for (const field of path) at = at?.[field];
  return at?.pageInfo?.hasNextPage === true ? at.pageInfo.endCursor : undefined;
}

/** All answers, by engine and question, in order. */
async function askAll(tenant: string, round: Round, order: number): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const random = seeded(order);
  const ask = async (engine: string, api: TestApi, asked: AskedDocument) => {
    found.set(`${engine} ${JSON.stringify([asked.query, asked.variables])}`, await answersTo(api, tenant, asked));
  };
  const chosen = [...everyQuestion(round)].filter(() => random() < SHARE);
  for (let from = 0; from < chosen.length; from += AT_ONCE) {
    const some = chosen.slice(from, from + AT_ONCE);
    await Promise.all(some.flatMap((asked) => [ask('cypher', byCypher, asked), ask('index', byIndex, asked)]));
  }
  return found;
}

const rounds = fc.record<Round>({
  service: fc.constantFrom(null, 'DNS'),
  critical: fc.boolean(),
  share: fc.constantFrom(null, 0.5),
  asOf: fc.constantFrom(null, new Date(day(20)).toISOString()),
  order: fc.constantFrom('CONFIDENCE', 'NAME', 'LAST_SEEN'),
  n: fc.constantFrom(1, 2, 50),
  past: fc.boolean(),
});

const differences = (a: ReadonlyMap<string, string[]>, b: ReadonlyMap<string, string[]>): number =>
  [...a].filter(([question, answers]) => b.get(question)?.join() !== answers.join()).length;
const total = (found: ReadonlyMap<string, string[]>): number =>
  [...found.values()].reduce((sum, answers) => sum + answers.length, 0);

const counted = { worlds: 0, questions: 0, ownDiffer: 0, enginesDiffer: 0 };

async function checkWorld({ known, acme, bolt, order }: PrivateWorld, round: Round): Promise<void> {
  const mixed = (...parts: (readonly GraphAction[])[]) => shuffled(parts.flat(), seeded(order));
  await hold(mixed(known, acme));
  const without = await askAll('acme', round, order);
  const nobodys = await askAll('nobody', round, order);
  await hold(mixed(known, acme, bolt));
  const within = await askAll('acme', round, order);
  for (const [question, answers] of without) expect([question, within.get(question)]).toEqual([question, answers]);
  expect((await checkGraph(driver, rankOf)).problems).toEqual([]);
  await hold(mixed(known, bolt));
  const others = await askAll('nobody', round, order);
  for (const [question, answers] of nobodys) expect([question, others.get(question)]).toEqual([question, answers]);
  counted.worlds++;
  counted.questions += total(without) + total(nobodys);
  if (counted.worlds === 1) counted.ownDiffer = differences(without, await askAll('acme', round, order));
  for (const [question, answers] of within) {
    if (!question.startsWith('cypher ')) continue;
    expect([question, within.get(question.replace('cypher ', 'index '))]).toEqual([question, answers]);
  }
}

test('another tenant\u2019s claims change no byte of any answer', async () => {
  await fc.assert(fc.asyncProperty(privateWorlds, rounds, checkWorld), { numRuns: WORLDS, endOnFailure: true });
  const { worlds, questions, ownDiffer } = counted;
  process.stderr.write(
    `${worlds} worlds, ${questions} answers compared; of a first world ${ownDiffer} are others without the tenant's own claims\n`,
  );
  // Else nothing private would have been seen by anybody.
  expect(ownDiffer).toBeGreaterThan(5);
}, 3_600_000);

import fc from 'fast-check';
import type { GraphQLSchema } from 'graphql';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createAccess } from '../../src/api/access.ts';
import { API_ERROR_CODES } from '../../src/api/errors.ts';
import { loadSchema } from '../../src/api/schema.ts';
import type { Driver } from '../../src/graph/driver.ts';
import { inProgram } from '../../src/program.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { damaged, fuzzedFields } from '../support/fuzzed-documents.ts';
import { AUDIENCE, createIssuer, ISSUER, unsigned } from '../support/tokens.ts';
import { startApi, type TestApi } from './api-client.ts';
import { loadRealFacts, writeActions } from './api-facts.ts';

/** More find more: `FUZZ_DOCUMENTS=10000 npx vitest run --project integration api-fuzz`. */
const DOCUMENTS = Number(process.env.FUZZ_DOCUMENTS ?? 600);
const CLOSED: ReadonlySet<string> = new Set(API_ERROR_CODES);
/** Stands in what another tenant has, and nowhere else. */
const SECRET = 'another-tenants-secret';

let driver: Driver;
/** By tokens only, with both executors. */
let api: TestApi;
let plain: TestApi;
/** Without any. */
let open: TestApi;
let schema: GraphQLSchema;
let good: string;
let bad: readonly (string | undefined)[];

beforeAll(async () => {
  driver = testDriver();
  await freshDatabase(driver);
  await loadRealFacts(driver);
  await writePortfolio('acme', 'mine', 'Suppliers', 'tmall.com');
  await writePortfolio('other', 'theirs', SECRET, `${SECRET}.example`);
  const [issuer, stranger] = await Promise.all([createIssuer(), createIssuer()]);
  const keys = createLocalJWKSet(issuer.keys as JSONWebKeySet);
  const access = createAccess({ anonymous: false, tokens: { keys, issuer: ISSUER, audience: AUDIENCE } });
  api = await startApi(driver, { access });
  plain = await startApi(driver, { access, executor: 'plain' });
  open = await startApi(driver);
  schema = await loadSchema(inProgram('graphql/schema'));
  // Answers name their instant: it is the same for both.
  vi.useFakeTimers({ toFake: ['Date'] });
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: ISSUER, aud: AUDIENCE, tenant: 'acme', roles: ['customer'], exp: now + 9e6 };
  good = `Bearer ${await issuer.sign({ exp: claims.exp })}`;
  bad = [
    undefined,
    `Bearer ${await stranger.sign({ exp: claims.exp })}`,
    `Bearer ${await issuer.sign({ exp: now - 60 })}`,
    `Bearer ${unsigned({ alg: 'none' }, claims)}`,
    `Bearer ${good.slice(-30)}`,
  ];
});
afterAll(async () => {
  vi.useRealTimers();
  await Promise.all([api.close(), plain.close(), open.close()]);
  await driver.close();
});

async function writePortfolio(tenant: string, portfolio: string, name: string, domain: string): Promise<void> {
  const about = { type: 'change-portfolio' as const, tenant, portfolio };
  const created = { kind: 'created' as const, name, alertDepth: 3 };
  const followed = { kind: 'followed' as const, references: [{ kind: 'domain' as const, name: domain }] };
  const actions = [
    { ...about, time: 1, event: `${tenant}1`, change: created },
    { ...about, time: 2, event: `${tenant}2`, change: followed },
  ];
  await writeActions(driver, actions, `portfolio ${tenant}`);
}

async function ask(at: TestApi, authorization: string | undefined, query: string, variables: object = {}) {
  const headers = { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) };
  const response = await fetch(`${at.url}/graphql`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query, variables }),
  });
  const text = await response.text();
  const { errors = [], ...rest } = JSON.parse(text);
  return { status: response.status, text, rest, codes: errors.map((e: any) => e.extensions?.code) as string[] };
}

/** What holds for every answer, whoever asks whatever. */
function expectFaultless({ status, text, codes }: Awaited<ReturnType<typeof ask>>): void {
  expect(status, text).toBeLessThan(500);
  for (const code of codes) expect(CLOSED.has(code) && code !== 'INTERNAL', text).toBe(true);
  expect(text).not.toMatch(/node_modules|\.[jt]s:\d/);
  expect(text).not.toContain(SECRET);
}

async function expectRefused(query: string, variables: object, which: number): Promise<void> {
  const { status, codes, rest } = await ask(api, bad[which % bad.length], query, variables);
  expect([status, codes, rest]).toEqual([401, ['UNAUTHENTICATED'], {}]);
}

describe('whatever the arguments', () => {
  it('no field of any type fails by a fault of ours, tells of others, nor differs by executor', {
    timeout: 3_000_000,
  }, async () => {
    const fields = fuzzedFields(schema);
    const numRuns = Math.ceil(DOCUMENTS / fields.length);
    for (const { document, variables } of fields) {
      const faultless = fc.asyncProperty(variables, fc.nat({ max: 4 }), async (given, which) => {
        const answer = await ask(api, good, document, given);
        expectFaultless(answer);
        expect((await ask(plain, good, document, given)).text).toBe(answer.text);
        expectFaultless(await ask(open, undefined, document, given));
        await expectRefused(document, given, which);
      });
      await fc.assert(faultless, { numRuns });
    }
  });

  it('no damaged document does either', { timeout: 3_000_000 }, async () => {
    const fields = fuzzedFields(schema);
    for (const { document } of fields) {
      const faultless = fc.asyncProperty(damaged(document), fc.nat({ max: 4 }), async (text, which) => {
        expectFaultless(await ask(api, good, text));
        await expectRefused(text, {}, which);
      });
      await fc.assert(faultless, { numRuns: Math.ceil(DOCUMENTS / fields.length / 4) });
    }
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAccess } from '../../src/api/access.ts';
import { createAnswerCache, LONGEST_LIFE, toAnswer } from '../../src/api/answer-cache.ts';
import type { Corrections } from '../../src/api/corrections.ts';
import type { PortfolioChanges } from '../../src/api/portfolio-changes.ts';
import { type Api, type ApiDeps, createApi } from '../../src/api/server.ts';
import { AppError } from '../../src/errors.ts';
import { loadSources } from '../../src/governance/sources.ts';
import { createLogger } from '../../src/logger.ts';
import { inProgram } from '../../src/program.ts';
import type { AlertQueries } from '../../src/queries/alert.ts';
import type { DecisionQueries } from '../../src/queries/decision.ts';
import type { PortfolioQueries } from '../../src/queries/portfolio.ts';
import type { ExposureQueries } from '../../src/queries/types.ts';

const NOON = Date.UTC(2026, 5, 1, 12);

/** A graph in memory that counts how often it is asked, and whose version is set by hand. */
function createGraph() {
  const graph = { version: 'v1' as string | undefined, claims: 1, asked: 0, fails: false };
  const queries = {
    within: () => queries,
    seenBy: () => queries,
    totals: async () => {
      graph.asked++;
      if (graph.fails) throw new AppError('DATABASE_UNAVAILABLE', 'away');
      return { domains: 1, organizations: 1, claims: graph.claims, incidents: 0 };
    },
    sources: async () => [{ id: 'zdns', newestEvent: NOON }],
  };
  return { graph, queries: queries as unknown as ExposureQueries };
}

/** Nobody asks for portfolios here. */
const portfolios = { within: () => portfolios } as unknown as PortfolioQueries;
const alerts = { within: () => alerts } as unknown as AlertQueries;
const decisions = { within: () => decisions } as unknown as DecisionQueries;
const NO_PORTFOLIOS = {
  portfolios,
  alerts,
  portfolioChanges: {} as PortfolioChanges,
  decisions,
  corrections: {} as Corrections,
};

let api: Api;
let url: string;
let graph: ReturnType<typeof createGraph>['graph'];

async function start(more: Partial<ApiDeps> = {}): Promise<void> {
  const made = createGraph();
  graph = made.graph;
  const { sources } = await loadSources(inProgram('governance/sources.yaml'));
  const { queries } = made;
  const log = createLogger('silent', 'api');
  const access = createAccess({ anonymous: true });
  const rest = {
    ...NO_PORTFOLIOS,
    access,
    schemaFolder: inProgram('graphql/schema'),
    introspection: true,
    timeLimit: 1000,
  };
  api = await createApi({ queries, sources, log, ...rest, version: () => graph.version, ...more });
  url = `http://127.0.0.1:${await api.listen(0, '127.0.0.1')}/graphql`;
}

const TOTALS = '{ totals { claims } }';
const JSON_TYPE = { 'content-type': 'application/json' };
const PREFLIGHT = { 'apollo-require-preflight': 'true' };
const post = (query: string, headers: Record<string, string> = {}, more: object = {}) =>
  fetch(url, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify({ query, ...more }) });
const get = (query: string, headers: Record<string, string> = PREFLIGHT) =>
  fetch(`${url}?query=${encodeURIComponent(query)}`, { headers });
const etagOf = (response: Response) => response.headers.get('etag') ?? '';
const codeOf = async (response: Response) => {
  const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
  return errors[0]?.extensions.code;
};

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOON });
  await start();
});
afterEach(async () => {
  vi.useRealTimers();
  await api.close();
});

describe('an answer', () => {
  it('is given again without a question to the graph while its version stands, by POST and by GET', async () => {
    for (const ask of [post, get]) {
      graph.asked = 0;
      const first = await ask(TOTALS);
      const second = await ask(TOTALS);
      expect(await second.text()).toBe(await first.text());
      expect([first.status, second.status, graph.asked]).toEqual([200, 200, 1]);
      expect(second.headers.get('cache-control')).toBe('private, no-cache');
    }
  });

  it('is computed again at another version, and names it', async () => {
    const first = (await (await post(TOTALS)).json()) as any;
    expect(first).toMatchObject({ data: { totals: { claims: 1 } }, extensions: { graphVersion: 'v1' } });
    Object.assign(graph, { version: 'v2', claims: 2 });
    const second = (await (await post(TOTALS)).json()) as any;
    expect(second).toMatchObject({ data: { totals: { claims: 2 } }, extensions: { graphVersion: 'v2' } });
  });

  it('is kept for each document, operation, variables and form of its own', async () => {
    const query = 'query A($n: Boolean = true) { totals { claims @include(if: $n) domains } } query B { __typename }';
    const asks = [
      { operationName: 'A' },
      { operationName: 'B' },
      { operationName: 'A', variables: { n: false } },
      { operationName: 'A', extensions: { other: 1 } },
    ];
    const texts = await Promise.all(asks.map(async (more) => (await post(query, {}, more)).text()));
    expect(new Set(texts).size).toBe(3);
    const accepted = await post(query, { accept: 'application/graphql-response+json' }, asks[0]);
    expect(accepted.headers.get('content-type')).toContain('graphql-response');
  });

  it('is not kept where it has errors, nor while no version is known', async () => {
    graph.fails = true;
    const failed = await post(TOTALS);
    expect([failed.headers.get('cache-control'), failed.headers.get('etag')]).toEqual(['no-store', null]);
    graph.fails = false;
    expect((await post(TOTALS)).headers.get('cache-control')).toBe('private, no-cache');
    graph.version = undefined;
    graph.asked = 0;
    await post(TOTALS);
    expect(await (await post(TOTALS)).text()).toMatch(/^{"data":{"totals":{"claims":1}},/);
    expect(graph.asked).toBe(2);
  });

  it('is not kept where the graph moved on while it was computed', async () => {
    let reads = 0;
    await api.close();
    await start({ version: () => `v${reads++}` });
    await post(TOTALS);
    await post(TOTALS);
    expect(graph.asked).toBe(2);
  });

  it('lives for seconds, and not beyond midnight', async () => {
    await post(TOTALS);
    vi.setSystemTime(NOON + LONGEST_LIFE - 1);
    await post(TOTALS);
    expect(graph.asked).toBe(1);
    vi.setSystemTime(NOON + LONGEST_LIFE);
    await post(TOTALS);
    expect(graph.asked).toBe(2);
    vi.setSystemTime(Date.UTC(2026, 5, 1, 23, 59, 59, 999));
    await post(TOTALS);
    vi.setSystemTime(Date.UTC(2026, 5, 2));
    await post(TOTALS);
    expect(graph.asked).toBe(4);
  });

  it('takes no memory any longer once it is too old, however few others are kept', () => {
    const cache = createAnswerCache();
    const keep = (question: string, at: number) =>
      cache.keep({ question, version: 'v1' }, toAnswer('', 'x'.repeat(1_000)), at);
    for (let i = 0; i < 100; i++) keep(`question ${i}`, NOON);
    keep('later', NOON + LONGEST_LIFE - 1);
    expect(cache.bytes()).toBeGreaterThan(101_000);
    keep('last', NOON + LONGEST_LIFE);
    expect(cache.bytes()).toBeLessThan(3_000);
    expect(cache.find({ question: 'later', version: 'v1' }, NOON + LONGEST_LIFE)).toBeDefined();
  });

  it('is not given where the question is nested too deeply to be named, and that is said', async () => {
    const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const body = `{"query":"${TOTALS}","variables":{"a":${nested}}}`;
    const deep = await fetch(url, { method: 'POST', headers: JSON_TYPE, body });
    expect([deep.status, await codeOf(deep)]).toEqual([400, 'BAD_ARGUMENT']);
  });

  it('is not given to a request that a browser may send for another site', async () => {
    await get(TOTALS);
    const forged = await get(TOTALS, {});
    expect([forged.status, await codeOf(forged)]).toEqual([400, 'BAD_REQUEST']);
  });
});

describe('a client that has the answer', () => {
  it('is told just that, without a question to the graph', async () => {
    for (const ask of [post, get]) {
      const first = await ask(TOTALS);
      graph.asked = 0;
      const headers = { ...PREFLIGHT, 'if-none-match': `"other", W/${etagOf(first)}` };
      const second = await ask(TOTALS, headers);
      expect([second.status, await second.text(), etagOf(second)]).toEqual([304, '', etagOf(first)]);
      expect(graph.asked).toBe(0);
    }
  });

  it('is told so after it was computed again, where the bytes are the same', async () => {
    graph.version = undefined;
    const first = await post(TOTALS);
    const headers = { 'if-none-match': etagOf(first) };
    expect((await post(TOTALS, headers)).status).toBe(304);
    graph.claims = 2;
    const changed = await post(TOTALS, headers);
    expect([changed.status, etagOf(changed) === etagOf(first)]).toEqual([200, false]);
    expect(graph.asked).toBe(3);
  });
});

describe('a request that waits for a version', () => {
  it('is answered once the engine has reached it, said by header, body or address', async () => {
    const waited: string[] = [];
    await api.close();
    await start({ waitFor: async (version) => void waited.push(version) });
    await post(TOTALS, { 'avd-wait-for-version': 'a' });
    await post(TOTALS, {}, { extensions: { waitFor: 'b' } });
    const extensions = encodeURIComponent('{"waitFor":"c"}');
    await fetch(`${url}?query={__typename}&extensions=${extensions}`, { headers: PREFLIGHT });
    await post(TOTALS);
    expect(waited).toEqual(['a', 'b', 'c']);
  });

  it('is refused by a code where it does not come in time, or is none', async () => {
    await api.close();
    await start({
      waitFor: async (version, signal) => {
        expect(signal).toBeInstanceOf(AbortSignal);
        if (version === 'late') throw new AppError('VERSION_NOT_REACHED', 'secret position 7');
        throw new AppError('BAD_ARGUMENT', 'no version');
      },
    });
    const late = await post(TOTALS, { 'avd-wait-for-version': 'late' });
    expect([late.status, late.headers.get('cache-control')]).toEqual([503, 'no-store']);
    const text = await late.text();
    expect(JSON.parse(text).errors[0].extensions).toEqual({ code: 'VERSION_NOT_REACHED' });
    expect(text).not.toContain('secret');
    const wrong = await post(TOTALS, {}, { extensions: { waitFor: 7 } });
    expect([wrong.status, await codeOf(wrong)]).toEqual([400, 'BAD_ARGUMENT']);
    expect(graph.asked).toBe(0);
  });

  it('is refused where the engine knows no versions', async () => {
    const refused = await post(TOTALS, { 'avd-wait-for-version': 'v1' });
    expect([refused.status, await codeOf(refused)]).toEqual([400, 'BAD_ARGUMENT']);
  });
});

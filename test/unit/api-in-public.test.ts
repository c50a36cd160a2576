import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { createAccess } from '../../src/api/access.ts';
import { LIMITS } from '../../src/api/limits.ts';
import type { ApiDeps } from '../../src/api/server.ts';
import { createTrustedDocuments, hashOf } from '../../src/api/trusted-documents.ts';
import { outcomeOf, startMemoryApi, TOTALS } from '../support/memory-api.ts';
import { AUDIENCE, createIssuer, ISSUER } from '../support/tokens.ts';

let api: Awaited<ReturnType<typeof startMemoryApi>>;
const issuer = await createIssuer();
const keys = createLocalJWKSet(issuer.keys as JSONWebKeySet);
const access = createAccess({ anonymous: false, tokens: { keys, issuer: ISSUER, audience: AUDIENCE } });
const bearer = async (claims: object = {}) => ({ authorization: `Bearer ${await issuer.sign({ ...claims })}` });
const start = async (more: Partial<ApiDeps>) => {
  api = await startMemoryApi(more);
};
afterEach(() => api.close());

describe('an API that asks for tokens', () => {
  it('answers who has one, and refuses others by status, code and header', async () => {
    await start({ access });
    expect(await outcomeOf(await api.post({ query: TOTALS }, await bearer()))).toMatchObject({ status: 200 });
    const none = await api.post({ query: TOTALS });
    expect(none.headers.get('www-authenticate')).toContain('Bearer');
    expect(await outcomeOf(none)).toMatchObject({ status: 401, code: 'UNAUTHENTICATED', data: undefined });
    const bad = await api.post({ query: TOTALS }, { authorization: 'Bearer a.b.c' });
    expect(await outcomeOf(bad)).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    const useless = await api.post({ query: TOTALS }, await bearer({ roles: [] }));
    expect(await outcomeOf(useless)).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    expect(api.graph.asked).toBe(1);
  });

  it('shows its metrics to operators, and its health to all', async () => {
    await start({ access });
    const metrics = async (headers: Record<string, string>) => (await fetch(`${api.url}/metrics`, { headers })).status;
    expect(await metrics({})).toBe(401);
    expect(await metrics(await bearer())).toBe(403);
    expect(await metrics(await bearer({ roles: ['operator'] }))).toBe(200);
    expect((await fetch(`${api.url}/health/live`)).status).toBe(200);
    expect((await fetch(`${api.url}/health/ready`)).status).toBe(200);
  });

  it('shows no counts of its graph on its start page', async () => {
    await start({ access });
    const page = await (await fetch(api.url)).text();
    expect(page).toContain('The graph is ready.');
    expect(page).not.toContain('<dl>');
  });

  it('gives a kept answer to its own tenant and roles only', async () => {
    await start({ access, version: () => 'v1' });
    const asks: readonly object[] = [{}, {}, { tenant: 'other' }, { roles: ['operator'] }, { tenant: 'other' }];
    const asked: number[] = [];
    for (const claims of asks) {
      const answer = await api.post({ query: TOTALS }, await bearer(claims));
      expect(answer.headers.get('vary')).toContain('authorization');
      asked.push(api.graph.asked);
    }
    expect(asked).toEqual([1, 1, 2, 3, 3]);
    expect((await api.post({ query: TOTALS })).status).toBe(401);
  });
});

describe('what an operation costs', () => {
  it('is told with its answer, and where it is refused for it', async () => {
    await start({});
    const { extensions } = await outcomeOf(await api.post({ query: TOTALS }));
    expect(extensions?.cost).toEqual({ items: 1, limit: LIMITS.cost });
    const query = '{ vendors(first: 500) { nodes { organization { blastRadius { total } } } } }';
    const refused = await outcomeOf(await api.post({ query }));
    expect(refused).toMatchObject({ status: 400, code: 'TOO_EXPENSIVE' });
    expect(refused.extensions?.cost.items).toBeGreaterThan(LIMITS.cost);
  });

  it('is taken from what its tenant may ask for in a minute, and from nobody else’s', async () => {
    await start({ access, costPerMinute: 10 });
    const [acme, other] = [await bearer(), await bearer({ tenant: 'other' })];
    const ask = (headers: Record<string, string>) => api.post({ query: TOTALS }, headers);
    for (let i = 0; i < 5; i++) expect((await ask(acme)).status).toBe(200);
    const refused = await ask(acme);
    expect(Number(refused.headers.get('retry-after'))).toBe(6);
    expect(await outcomeOf(refused)).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
    expect((await ask(other)).status).toBe(200);
  });

  it('is known before it is executed: what does not fit is refused whole', async () => {
    await start({ costPerMinute: 10 });
    const query = '{ incidents(first: 20) { nodes { id } } totals { claims } }';
    const refused = await api.post({ query });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(60);
    expect(await outcomeOf(refused)).toMatchObject({ status: 429, code: 'RATE_LIMITED', data: undefined });
    expect(api.graph.asked).toBe(0);
  });
});

describe('a document that is known', () => {
  const id = `sha256:${hashOf(TOTALS)}`;
  const documents = (isOnly: boolean) => createTrustedDocuments({ [hashOf(TOTALS)]: TOTALS }, isOnly);

  it('is named instead of given, by POST and by GET', async () => {
    await start({ documents: documents(false) });
    const data = { totals: { claims: 1 } };
    expect(await outcomeOf(await api.post({ documentId: id }))).toMatchObject({ status: 200, data });
    const headers = { 'apollo-require-preflight': 'true' };
    const got = await fetch(`${api.url}/graphql?documentId=${encodeURIComponent(id)}`, { headers });
    expect(await outcomeOf(got)).toMatchObject({ status: 200, data });
    // The same for a browser that does not ask first.
    expect((await fetch(`${api.url}/graphql?documentId=${encodeURIComponent(id)}`)).status).toBe(400);
  });

  it('is told from one that is not, and from one that is given too', async () => {
    await start({ documents: documents(false) });
    for (const documentId of [`sha256:${'0'.repeat(64)}`, hashOf(TOTALS), '', 5, ['a'], '__proto__']) {
      const refused = await outcomeOf(await api.post({ documentId }));
      expect(refused).toMatchObject({ status: 400, code: 'DOCUMENT_NOT_TRUSTED' });
    }
    const both = await outcomeOf(await api.post({ documentId: id, query: '{ sources { id } }' }));
    expect(both).toMatchObject({ status: 400, code: 'BAD_ARGUMENT' });
    expect(await outcomeOf(await api.post({ query: TOTALS }))).toMatchObject({ status: 200 });
  });

  it('is the only one that is executed where a setting says so', async () => {
    await start({ documents: documents(true) });
    const unknown = ['{ __typename }', `${TOTALS} `, `query A { sources { id } } ${TOTALS}`];
    for (const query of unknown) {
      expect(await outcomeOf(await api.post({ query }))).toMatchObject({ code: 'DOCUMENT_NOT_TRUSTED' });
      const headers = { 'apollo-require-preflight': 'true' };
      const twice = `query=${encodeURIComponent(query)}&query=${encodeURIComponent(TOTALS)}`;
      for (const search of [`query=${encodeURIComponent(query)}`, twice]) {
        const got = await outcomeOf(await fetch(`${api.url}/graphql?${search}`, { headers }));
        expect([got.status, got.data]).toEqual([400, undefined]);
      }
    }
    expect(api.graph.asked).toBe(0);
    expect(await outcomeOf(await api.post({ documentId: id }))).toMatchObject({ status: 200 });
    expect(await outcomeOf(await api.post({ query: TOTALS }))).toMatchObject({ status: 200 });
  });
});

describe('a client that goes before its answer', () => {
  it('takes its questions with it, and is counted', async () => {
    await start({});
    let open = () => {};
    api.graph.gate = new Promise((resolve) => {
      open = resolve;
    });
    const leaving = new AbortController();
    const asked = api.post({ query: TOTALS }, {}, leaving.signal).catch(() => undefined);
    await expect.poll(() => api.graph.asked).toBe(1);
    leaving.abort();
    await asked;
    const { signal } = api.graph;
    await expect.poll(() => signal?.aborted).toBe(true);
    open();
    api.graph.gate = Promise.resolve();
    expect(await outcomeOf(await api.post({ query: TOTALS }))).toMatchObject({ status: 200 });
    const metrics = await (await fetch(`${api.url}/metrics`)).text();
    expect(metrics).toContain('avd_graphql_cancelled_total 1\n');
  });
});

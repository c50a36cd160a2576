import { afterEach, describe, expect, it } from 'vitest';
import type { Access } from '../../src/api/access.ts';
import { idOfPortfolio } from '../../src/api/ids.ts';
import { TOO_SLOW } from '../../src/api/subscriptions.ts';
import { ROLES } from '../../src/api/viewer.ts';
import { AppError } from '../../src/errors.ts';
import type { AlertQueries } from '../../src/queries/alert.ts';
import type { FeedQueries } from '../../src/queries/feed.ts';
import type { PortfolioQueries } from '../../src/queries/portfolio.ts';
import { startMemoryApi } from '../support/memory-api.ts';
import { connect } from '../support/subscriber.ts';

/** A portfolio of everybody's with as many alerts as there are numbers. */
function createEndless() {
  const state = { last: 0 };
  const portfolios = {
    within: () => portfolios,
    portfolio: async ({ tenant, id }: { tenant: string; id: string }) =>
      id === 'p' ? { tenant, id, name: 'P', alertDepth: 3, createdAt: 0, changedAt: 0 } : undefined,
  };
  const alerts = {
    within: () => alerts,
    lastAlert: async () => 0,
    alertsAfter: async (portfolio: unknown, after: number, limit: number) =>
      Array.from({ length: Math.max(0, Math.min(limit, state.last - after)) }, (_, i) => ({
        id: 'x'.repeat(64),
        portfolio,
        incident: 'i',
        sequence: after + i + 1,
        raisedAt: 0,
        exposed: 1,
        paths: [],
      })),
  };
  const feed = { last: async (names: unknown[]) => names.map(() => ({ alerts: state.last, news: 0 })) };
  return {
    state,
    portfolios: portfolios as unknown as PortfolioQueries,
    alerts: alerts as unknown as AlertQueries,
    feed: feed as unknown as FeedQueries,
  };
}

let isRevoked = false;
const access: Access = async (authorization) => {
  if (authorization === undefined || isRevoked) throw new AppError('UNAUTHENTICATED', 'A token is needed.');
  return { name: 'somebody', tenant: authorization, roles: new Set(ROLES) };
};

let api: Awaited<ReturnType<typeof startMemoryApi>>;
const start = async (limits = {}) => {
  isRevoked = false;
  const { state, ...deps } = createEndless();
  api = await startMemoryApi({ ...deps, access, subscriptionLimits: limits });
  return state;
};
afterEach(() => api.close());

const ALERTS = 'subscription ($id: ID!) { alerts(portfolio: $id) { id cursor } }';
const variables = { id: idOfPortfolio('p') };
const codeOf = (event: any) => event.errors[0].extensions.code;
const waiting = { timeout: 10_000, interval: 20 };

describe('a WebSocket', () => {
  it('is told of what comes, once its client has said who it is', async () => {
    const state = await start();
    const subscriber = await connect(api.url, { authorization: 'acme' });
    subscriber.subscribe(ALERTS, variables);
    await new Promise((resolve) => setTimeout(resolve, 100));
    state.last = 3;
    await expect.poll(() => subscriber.events.length, waiting).toBe(3);
    expect(new Set(subscriber.events.map(({ data }) => data.alerts.cursor)).size).toBe(3);
    subscriber.cut();
  });

  it('without a token, or from a page of another site, is closed', async () => {
    await start();
    expect(await (await connect(api.url)).closed).toBe(4403);
    await expect(connect(api.url, { authorization: 'acme', origin: 'https://elsewhere.example' })).rejects.toThrow(
      '400',
    );
    const own = await connect(api.url, { authorization: 'acme', origin: api.url });
    own.cut();
  });

  it('is told no more once its token is believed no longer', async () => {
    const state = await start();
    const subscriber = await connect(api.url, { authorization: 'acme' });
    subscriber.subscribe(ALERTS, variables);
    await new Promise((resolve) => setTimeout(resolve, 100));
    isRevoked = true;
    state.last = 5;
    await expect.poll(() => subscriber.events.length, waiting).toBe(1);
    expect(codeOf(subscriber.events[0])).toBe('UNAUTHENTICATED');
    subscriber.cut();
  });

  it('holds so many subscriptions, and a tenant so many connections', async () => {
    await start({ subscriptions: 2, connectionsOfTenant: 2 });
    const first = await connect(api.url, { authorization: 'acme' });
    for (let i = 0; i < 3; i++) first.subscribe(ALERTS, variables);
    await expect.poll(() => first.events.map(codeOf), waiting).toEqual(['LIMIT_EXCEEDED']);
    const second = await connect(api.url, { authorization: 'acme' });
    expect(await (await connect(api.url, { authorization: 'acme' })).closed).toBe(4429);
    const others = await connect(api.url, { authorization: 'bolt' });
    for (const { cut } of [first, second, others]) cut();
  });

  it('takes only subscriptions that fit the schema and its limits, each refusal with its code', async () => {
    await start();
    const subscriber = await connect(api.url, { authorization: 'acme' });
    const refused = async (query: string): Promise<any> => {
      const before = subscriber.events.length;
      subscriber.subscribe(query, variables);
      await expect.poll(() => subscriber.events.length, waiting).toBe(before + 1);
      return subscriber.events.at(-1);
    };
    expect(codeOf(await refused('{ totals { claims } }'))).toBe('BAD_ARGUMENT');
    expect(codeOf(await refused('subscription {'))).toBe('GRAPHQL_PARSE_FAILED');
    const misspelt = await refused('subscription ($id: ID!) { alerts(portfolio: $id) { curso } }');
    expect(codeOf(misspelt)).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(misspelt.errors[0].message).not.toContain('Did you mean');
    const unknown = 'subscription { alerts(portfolio: "WyJmIiwicSJd") { id } }';
    expect(codeOf(await refused(unknown))).toBe('NOT_FOUND');
    subscriber.subscribe(ALERTS, { id: { not: 'an id' } });
    await expect.poll(() => codeOf(subscriber.events.at(-1)), waiting).toBe('BAD_USER_INPUT');
    const response = await api.post({ query: ALERTS, variables }, { authorization: 'acme' });
    expect(response.status).toBeLessThan(500);
    expect(codeOf(await response.json())).not.toBe('INTERNAL');
    subscriber.cut();
  });

  it('whose client reads too slowly is closed with its own code', async () => {
    const state = await start({ patience: 300 });
    const subscriber = await connect(api.url, { authorization: 'acme' });
    (subscriber.socket as unknown as { _socket: { pause(): void; resume(): void } })._socket.pause();
    subscriber.subscribe(ALERTS, variables);
    await new Promise((resolve) => setTimeout(resolve, 100));
    state.last = Number.MAX_SAFE_INTEGER;
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    (subscriber.socket as unknown as { _socket: { resume(): void } })._socket.resume();
    expect([TOO_SLOW, 1006]).toContain(await subscriber.closed);
  });
});

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import { AppError } from '../errors.ts';
import type { Sources } from '../governance/sources.ts';
import type { Logger } from '../logger.ts';
import type { AlertQueries } from '../queries/alert.ts';
import type { DecisionQueries } from '../queries/decision.ts';
import type { FeedQueries } from '../queries/feed.ts';
import type { PortfolioQueries } from '../queries/portfolio.ts';
import type { ExposureQueries } from '../queries/types.ts';
import type { Access } from './access.ts';
import { createContext } from './context.ts';
import type { Corrections } from './corrections.ts';
import type { Elsewhere } from './elsewhere.ts';
import { createFeeds } from './feeds.ts';
import { createGraphQL, type GraphQLService } from './graphql.ts';
import { createGraphQLRoute, type GraphVersions } from './graphql-route.ts';
import { send, sendError } from './http.ts';
import { closeServer, listen } from './listen.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import type { PortfolioChanges } from './portfolio-changes.ts';
import { createRateLimit, type RateLimit } from './rate-limit.ts';
import { sendRefusal } from './refusal.ts';
import { createRoutes, findRoute, type Routes, sendNotFound } from './routes.ts';
import { loadSchema } from './schema.ts';
import { createSubscriptions, type SubscriptionDeps, type Subscriptions } from './subscriptions.ts';
import { createTrustedDocuments, type TrustedDocuments } from './trusted-documents.ts';
import { ANONYMOUS } from './viewer.ts';

export interface ApiDeps extends GraphVersions {
  readonly queries: ExposureQueries;
  readonly portfolios: PortfolioQueries;
  readonly alerts: AlertQueries;
  readonly portfolioChanges: PortfolioChanges;
  readonly decisions: DecisionQueries;
  readonly corrections: Corrections;
  /** Absent: nothing is told as it happens. */
  readonly feed?: FeedQueries | undefined;
  readonly sources: Sources;
  /** The folder of graphql/schema. */
  readonly schemaFolder: string;
  readonly log: Logger;
  /** Whether the schema is told and GraphiQL is served. */
  readonly introspection: boolean;
  /** How long an answer may take, in ms. */
  readonly timeLimit: number;
  readonly access: Access;
  /** What a tenant may ask for in a minute, in items; undefined: no limit. */
  readonly costPerMinute?: number | undefined;
  readonly documents?: TrustedDocuments | undefined;
  readonly subscriptionLimits?: SubscriptionDeps['limits'];
  /** Absent: dear queries are executed by the thread that they are asked of. */
  readonly elsewhere?: Elsewhere | undefined;
  /** `plain`: by graphql-js alone, to compare with. */
  readonly executor?: 'planned' | 'plain' | undefined;
  /** What time it is, ms since 1970; absent: the system's clock. */
  readonly clock?: (() => number) | undefined;
  /** Most that kept answers may take; 0: none is kept. */
  readonly answerCacheBytes?: number | undefined;
}

export interface Api {
  /**
   * Begins to listen.
   * @returns the port, of use where 0 was asked for.
   * @throws AppError PORT_IN_USE
   */
  listen(port: number, host: string): Promise<number>;
  /** Takes no more requests, finishes those under way, and closes. */
  close(): Promise<void>;
}

/** The API's HTTP server: GraphQL, GraphiQL, health, metrics and the start page. */
export async function createApi(deps: ApiDeps): Promise<Api> {
  const metrics = createMetrics(deps.version && (() => deps.version?.(ANONYMOUS.tenant)));
  const rateLimit = createRateLimit(deps.costPerMinute);
  const schema = await loadSchema(deps.schemaFolder);
  const documents = deps.documents ?? createTrustedDocuments({}, false);
  const graphql = await createGraphQL({
    schema,
    log: deps.log,
    introspection: deps.introspection,
    createContext: (caller) => createContext(deps, caller),
    rateLimit,
    countError: metrics.countError,
    elsewhere: deps.elsewhere,
    executor: deps.executor,
  });
  const ask = createGraphQLRoute({
    ...deps,
    graphql,
    rateLimit,
    documents,
    countAnswer: metrics.countAnswer,
    countCancelled: metrics.countCancelled,
  });
  const refuse = (response: ServerResponse, error: AppError) => sendRefusal(response, graphql.format(error), error);
  const routes = createRoutes({ ...deps, ask, metrics });
  const server = createServer(
    (request, response) => void answer(routes, { metrics, log: deps.log, refuse }, request, response),
  );
  const subscriptions = subscriptionsOf(deps, { schema, documents, rateLimit, graphql });
  subscriptions?.attach(server);
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  return {
    listen: (port, host) => listen(server, port, host),
    async close() {
      subscriptions?.close();
      await closeServer(server);
      await graphql.stop();
    },
  };
}

interface Shared {
  readonly schema: GraphQLSchema;
  readonly documents: TrustedDocuments;
  readonly rateLimit: RateLimit;
  readonly graphql: GraphQLService;
}

/** What is told as it happens, over WebSocket; undefined where nothing is. */
function subscriptionsOf(deps: ApiDeps, { graphql, ...shared }: Shared): Subscriptions | undefined {
  if (deps.feed === undefined) return undefined;
  const { access, alerts, feed, log, subscriptionLimits } = deps;
  return createSubscriptions({
    ...shared,
    access,
    feeds: createFeeds({ feed, alerts, log }),
    createContext: (caller) => createContext(deps, caller),
    format: graphql.format,
    limits: subscriptionLimits,
  });
}

interface Answering {
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly refuse: (response: ServerResponse, error: AppError) => void;
}

async function answer(
  routes: Routes,
  { metrics, log, refuse }: Answering,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const begun = performance.now();
  const { path, rest } = findRoute(request.url ?? '/', routes);
  response.once('close', () => metrics.countRequest(path, response.statusCode, (performance.now() - begun) / 1000));
  try {
    const route = routes[path];
    if (route === undefined) return sendNotFound(response);
    if (!route.methods.includes(request.method ?? '')) {
      return send(response, 405, 'text/plain; charset=utf-8', 'Method not allowed\n', {
        allow: route.methods.join(', '),
      });
    }
    await route.run(request, response, rest);
  } catch (error) {
    if (request.destroyed && !response.headersSent) return;
    if (error instanceof AppError && error.code !== 'INTERNAL' && !response.headersSent) return refuse(response, error);
    log.error({ err: error, route: path }, 'An HTTP request failed by a fault of ours');
    if (response.headersSent) response.destroy();
    else sendError(response, 500, 'INTERNAL', 'A fault in AVD.');
  }
}

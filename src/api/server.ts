import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { AppError } from '../errors.ts';
import type { Sources } from '../governance/sources.ts';
import type { Logger } from '../logger.ts';
import type { ExposureQueries } from '../queries/types.ts';
import { type Access, requireRole } from './access.ts';
import { createContext } from './context.ts';
import { createGraphiql } from './graphiql.ts';
import { createGraphQL } from './graphql.ts';
import { createGraphQLRoute, type GraphVersions } from './graphql-route.ts';
import { HOME_STYLE, homePage } from './home.ts';
import { GRAPHIQL_POLICY, send, sendError, sendJson } from './http.ts';
import { closeServer, listen } from './listen.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { createRateLimit } from './rate-limit.ts';
import { sendRefusal } from './refusal.ts';
import { loadSchema } from './schema.ts';
import { createTrustedDocuments, type TrustedDocuments } from './trusted-documents.ts';

export interface ApiDeps extends GraphVersions {
  readonly queries: ExposureQueries;
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
  /** `plain`: by graphql-js alone, to compare with. */
  readonly executor?: 'planned' | 'plain' | undefined;
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
  const metrics = createMetrics();
  const rateLimit = createRateLimit(deps.costPerMinute);
  const graphql = await createGraphQL({
    schema: await loadSchema(deps.schemaFolder),
    log: deps.log,
    introspection: deps.introspection,
    createContext: (caller) => createContext(deps, caller),
    rateLimit,
    countError: metrics.countError,
    executor: deps.executor,
  });
  const ask = createGraphQLRoute({
    ...deps,
    graphql,
    rateLimit,
    documents: deps.documents ?? createTrustedDocuments({}, false),
    countAnswer: metrics.countAnswer,
    countCancelled: metrics.countCancelled,
  });
  const refuse = (response: ServerResponse, error: AppError) => sendRefusal(response, graphql.format(error), error);
  const routes = createRoutes(deps, ask, metrics);
  const server = createServer(
    (request, response) => void answer(routes, { metrics, log: deps.log, refuse }, request, response),
  );
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  return {
    listen: (port, host) => listen(server, port, host),
    async close() {
      await closeServer(server);
      await graphql.stop();
    },
  };
}

type Route = (request: IncomingMessage, response: ServerResponse, rest: string) => void | Promise<void>;

interface Routes {
  readonly [path: string]: { readonly methods: readonly string[]; readonly run: Route };
}

const READ = ['GET', 'HEAD'];
/** How long the database may take to say that it is there. */
const READY_WITHIN = 2000;

function createRoutes({ queries, introspection, access }: ApiDeps, ask: Route, metrics: Metrics): Routes {
  const graphiql = createGraphiql();
  const page = readFile(new URL('graphiql/page.html', import.meta.url));
  const totals = () =>
    queries
      .within(Date.now() + READY_WITHIN)
      .totals()
      .catch(() => undefined);
  const html = 'text/html; charset=utf-8';
  const routes: Routes = {
    '/': {
      methods: READ,
      run: async (_, response) => send(response, 200, html, homePage(await totals(), introspection)),
    },
    '/home.css': { methods: READ, run: (_, response) => send(response, 200, 'text/css; charset=utf-8', HOME_STYLE) },
    '/health/live': { methods: READ, run: (_, response) => sendJson(response, 200, { status: 'live' }) },
    '/health/ready': {
      methods: READ,
      run: async (_, response) => {
        const found = await totals();
        sendJson(response, found ? 200 : 503, found ? { status: 'ready' } : { status: 'waiting', for: 'the graph' });
      },
    },
    '/metrics': {
      methods: READ,
      run: async ({ headers }, response) => {
        requireRole(await access(headers.authorization), 'operator');
        send(response, 200, metrics.contentType, await metrics.text());
      },
    },
    '/graphql': { methods: ['GET', 'POST'], run: ask },
  };
  if (!introspection) return routes;
  return {
    ...routes,
    '/graphiql': {
      methods: READ,
      run: async (_, response, name) => {
        const asset = name === '' ? { contents: await page, type: html } : await graphiql.asset(name);
        if (asset === undefined) return sendNotFound(response);
        const caching = name === '' ? 'no-store' : 'private, max-age=600';
        send(response, 200, asset.type, asset.contents, {
          'content-security-policy': GRAPHIQL_POLICY,
          'cache-control': caching,
        });
      },
    },
  };
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
  const { path, rest } = split(request.url ?? '/', routes);
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

/** A route by its path; GraphiQL's files lie below its own. What is unknown has one name, for the metrics' sake. */
function split(url: string, routes: Routes): { readonly path: string; readonly rest: string } {
  const path = url.split(/[?#]/, 1)[0] ?? '/';
  if (Object.hasOwn(routes, path)) return { path, rest: '' };
  const below = /^(\/graphiql)\/([\w.-]*)$/.exec(path);
  const [, parent = 'unknown', rest = ''] = below ?? [];
  return { path: Object.hasOwn(routes, parent) ? parent : 'unknown', rest };
}

function sendNotFound(response: ServerResponse): void {
  send(response, 404, 'text/plain; charset=utf-8', 'Not found\n');
}

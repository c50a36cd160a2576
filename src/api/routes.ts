import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { inProgram } from '../program.ts';
import type { ExposureQueries } from '../queries/types.ts';
import { type Access, requireRole } from './access.ts';
import { createGraphiql } from './graphiql.ts';
import { HOME_STYLE, homePage } from './home.ts';
import { GRAPHIQL_POLICY, send, sendJson } from './http.ts';
import type { Metrics } from './metrics.ts';

export type Route = (request: IncomingMessage, response: ServerResponse, rest: string) => void | Promise<void>;

export interface Routes {
  readonly [path: string]: { readonly methods: readonly string[]; readonly run: Route };
}

const READ = ['GET', 'HEAD'];
/** How long the database may take to say that it is there. */
const READY_WITHIN = 2000;

export interface RoutesDeps {
  readonly queries: ExposureQueries;
  readonly introspection: boolean;
  readonly access: Access;
  readonly metrics: Metrics;
  /** Answers at `/graphql`. */
  readonly ask: Route;
}

/** What the API answers, by path. */
export function createRoutes({ queries, introspection, access, metrics, ask }: RoutesDeps): Routes {
  const graphiql = createGraphiql();
  const page = readFile(inProgram('src/api/graphiql/page.html'));
  const totals = () =>
    queries
      .within(Date.now() + READY_WITHIN)
      .totals()
      .catch(() => undefined);
  const html = 'text/html; charset=utf-8';
  const routes: Routes = {
    '/': {
      methods: READ,
      run: async (_, response) => {
        const isOpen = await access(undefined).then(
          () => true,
          () => false,
        );
        send(response, 200, html, homePage({ totals: await totals(), introspection, isOpen }));
      },
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

/** A route by its path; GraphiQL's files lie below its own. What is unknown has one name, for the metrics' sake. */
export function findRoute(url: string, routes: Routes): { readonly path: string; readonly rest: string } {
  const path = url.split(/[?#]/, 1)[0] ?? '/';
  if (Object.hasOwn(routes, path)) return { path, rest: '' };
  const below = /^(\/graphiql)\/([\w.-]*)$/.exec(path);
  const [, parent = 'unknown', rest = ''] = below ?? [];
  return { path: Object.hasOwn(routes, parent) ? parent : 'unknown', rest };
}

export function sendNotFound(response: ServerResponse): void {
  send(response, 404, 'text/plain; charset=utf-8', 'Not found\n');
}

import { createAccess } from '../../src/api/access.ts';
import { type ApiDeps, createApi } from '../../src/api/server.ts';
import { loadSources } from '../../src/governance/sources.ts';
import { createLogger } from '../../src/logger.ts';
import { inProgram } from '../../src/program.ts';
import type { ExposureQueries } from '../../src/queries/types.ts';

/** A graph of nothing but its totals, for what is decided before a graph is asked. */
export function createEmptyGraph() {
  const graph = {
    asked: 0,
    /** Of the question that was asked last. */
    signal: undefined as AbortSignal | undefined,
    /** Keeps answers waiting. */
    gate: Promise.resolve(),
  };
  const queries = {
    within(_deadline: number, signal?: AbortSignal) {
      graph.signal = signal;
      return queries;
    },
    seenBy: () => queries,
    async totals() {
      graph.asked++;
      await graph.gate;
      return { domains: 1, organizations: 1, claims: 1, incidents: 0 };
    },
  };
  return { graph, queries: queries as unknown as ExposureQueries };
}

/** Nobody has any portfolio, nor any alert. */
const portfolios = { within: () => portfolios };

/** An API over an empty graph, on a free port. */
export async function startMemoryApi(more: Partial<ApiDeps> = {}) {
  const { graph, queries } = createEmptyGraph();
  const { sources } = await loadSources(inProgram('governance/sources.yaml'));
  const deps = {
    queries,
    portfolios,
    alerts: portfolios,
    decisions: portfolios,
    sources,
    schemaFolder: inProgram('graphql/schema'),
    log: createLogger('silent', 'api'),
    introspection: true,
    timeLimit: 5000,
    access: createAccess({ anonymous: true }),
  };
  const api = await createApi({ ...deps, ...more } as ApiDeps);
  const url = `http://127.0.0.1:${await api.listen(0, '127.0.0.1')}`;
  const post = (body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal) =>
    fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      ...(signal && { signal }),
    });
  return { url, graph, post, close: api.close };
}

export const TOTALS = '{ totals { claims } }';

/** Status, code of the first error, and the rest of an answer. */
export async function outcomeOf(response: Response) {
  const { data, errors, extensions } = (await response.json()) as {
    data?: unknown;
    errors?: { message: string; extensions: { code: string } }[];
    extensions?: Record<string, any>;
  };
  return { status: response.status, code: errors?.[0]?.extensions.code, data, extensions };
}

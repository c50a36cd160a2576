import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { createAccess } from '../../src/api/access.ts';
import { type ApiDeps, createApi } from '../../src/api/server.ts';
import { AppError } from '../../src/errors.ts';
import type { Driver } from '../../src/graph/driver.ts';
import { createLogger } from '../../src/logger.ts';
import { createCorrections } from '../../src/main/corrections.ts';
import { loadGovernedSources } from '../../src/main/knowledge.ts';
import { createPortfolioChanges } from '../../src/main/portfolio-changes.ts';
import type { Submit } from '../../src/main/submit.ts';
import { inProgram } from '../../src/program.ts';
import { createAlertQueries } from '../../src/queries/alert.ts';
import { createDecisionQueries } from '../../src/queries/decision.ts';
import { createFeedQueries } from '../../src/queries/feed.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import { createPortfolioQueries } from '../../src/queries/portfolio.ts';

export interface Reply {
  readonly status: number;
  readonly data: any;
  readonly errors: readonly {
    readonly message: string;
    readonly extensions: { readonly code: string; readonly errorId?: string };
  }[];
}

export interface TestApi {
  readonly url: string;
  /** Names of the statements that the database has run since this was last emptied. */
  readonly statements: string[];
  ask(query: string, variables?: Record<string, unknown>): Promise<Reply>;
  /** The bytes of the answer. */
  text(query: string, variables?: Record<string, unknown>): Promise<string>;
  /** The data of an answer to a document of the typed client, without errors. */
  run<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data>;
  /** The data of an answer that must have no errors. */
  data(query: string, variables?: Record<string, unknown>): Promise<any>;
  close(): Promise<void>;
}

/** An API without a stream takes no changes. */
const submitNowhere: Submit = async () => {
  throw new AppError('STREAM_UNAVAILABLE', 'This API has no stream.');
};

/** A real API on a free port, over the test's database. */
export async function startApi(
  driver: Driver,
  options: Partial<
    Pick<
      ApiDeps,
      | 'introspection'
      | 'timeLimit'
      | 'executor'
      | 'access'
      | 'costPerMinute'
      | 'documents'
      | 'portfolioChanges'
      | 'corrections'
      | 'sources'
      | 'queries'
      | 'clock'
      | 'version'
      | 'elsewhere'
    >
  > & { readonly port?: number } = {},
): Promise<TestApi> {
  const sources = options.sources ?? (await loadGovernedSources());
  const statements: string[] = [];
  const api = await createApi({
    queries: createNeo4jQueries({ driver, sources, onStatement: (name) => statements.push(name) }),
    portfolios: createPortfolioQueries({ driver, onStatement: (name) => statements.push(name) }),
    alerts: createAlertQueries({ driver }),
    feed: createFeedQueries({ driver }),
    portfolioChanges: createPortfolioChanges(submitNowhere),
    decisions: createDecisionQueries({ driver }),
    corrections: createCorrections(submitNowhere),
    sources,
    schemaFolder: inProgram('graphql/schema'),
    log: createLogger(process.env.LOG_LEVEL ?? 'silent', 'api'),
    introspection: true,
    timeLimit: 20_000,
    access: createAccess({ anonymous: true }),
    ...options,
  });
  const url = `http://127.0.0.1:${await api.listen(options.port ?? 0, '127.0.0.1')}`;
  const post = (query: string, variables: Record<string, unknown> = {}) =>
    fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
  const ask = async (query: string, variables?: Record<string, unknown>): Promise<Reply> => {
    const response = await post(query, variables);
    const { data, errors = [] } = (await response.json()) as { data: unknown; errors?: Reply['errors'] };
    return { status: response.status, data, errors };
  };
  const data = async (query: string, variables?: Record<string, unknown>) => {
    const { data, errors } = await ask(query, variables);
    if (errors.length > 0) throw new Error(JSON.stringify(errors, null, 2));
    return data;
  };
  return {
    url,
    statements,
    ask,
    text: async (query, variables) => (await post(query, variables)).text(),
    data,
    run: (document, variables) => data(print(document), variables as Record<string, unknown>),
    close: api.close,
  };
}

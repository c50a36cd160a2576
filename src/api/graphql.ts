import { ApolloServer, type ApolloServerPlugin, HeaderMap, type HTTPGraphQLResponse } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { GraphQLError, type GraphQLFormattedError, type GraphQLSchema, OperationTypeNode } from 'graphql';
import { AppError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Answer } from './answer-cache.ts';
import type { ApiContext, Caller } from './context.ts';
import type { Elsewhere, Outcome } from './elsewhere.ts';
import { type ApiErrorCode, createErrorFormatter, type ShownError } from './errors.ts';
import { forwarding } from './executor/forwarding.ts';
import { createPlannedExecution } from './executor/plugin.ts';
import { createLimiter } from './limiter.ts';
import { LIMITS } from './limits.ts';
import type { RateLimit } from './rate-limit.ts';

export interface GraphQLDeps {
  readonly schema: GraphQLSchema;
  readonly log: Logger;
  readonly introspection: boolean;
  readonly createContext: (caller: Caller) => ApiContext;
  readonly rateLimit: RateLimit;
  readonly countError: (code: ApiErrorCode) => void;
  /** Absent: dear queries are executed here. */
  readonly elsewhere?: Elsewhere | undefined;
  /** `plain`: by graphql-js alone, to compare with. */
  readonly executor?: 'planned' | 'plain' | undefined;
}

/** An HTTP request as Apollo wants it. */
export interface GraphQLHttpRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly search: string;
  readonly body: unknown;
}

/** What is to be sent. */
export interface Handled {
  readonly status: number | undefined;
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Made ready elsewhere where it is no text. */
  readonly body: string | Answer;
  readonly outcome: Outcome;
  /** The instant that it is for, ms since 1970. */
  readonly now: number;
}

export interface GraphQLService {
  /** @throws AppError where a dear query finds no answer elsewhere */
  handle(request: GraphQLHttpRequest, caller: Caller): Promise<Handled>;
  /** An error outside of execution as clients see it. */
  format(error: unknown): ShownError;
  stop(): Promise<void>;
}

/** The GraphQL engine: parses, checks, limits and executes. It knows nothing of sockets. */
export async function createGraphQL({
  schema,
  log,
  introspection,
  createContext,
  rateLimit,
  countError,
  elsewhere,
  executor,
}: GraphQLDeps): Promise<GraphQLService> {
  const formatError = createErrorFormatter(log, countError);
  const apollo = new ApolloServer<ApiContext>({
    schema,
    introspection,
    // A closed schema is not told by its "Did you mean" either.
    hideSchemaDetailsFromClientErrors: !introspection,
    includeStacktraceInErrorResponses: false,
    formatError,
    parseOptions: { maxTokens: LIMITS.tokens },
    allowBatchedHttpRequests: false,
    csrfPrevention: true,
    persistedQueries: false,
    stopOnTerminationSignals: false,
    logger: {
      debug: quiet(log, 'debug'),
      info: quiet(log, 'debug'),
      warn: quiet(log, 'warn'),
      error: quiet(log, 'error'),
    },
    plugins: [
      // It wraps each field's resolver, for a header that nobody reads here.
      ApolloServerPluginCacheControlDisabled(),
      // Its page comes from elsewhere.
      ApolloServerPluginLandingPageDisabled(),
      // Nothing is told to anybody, whatever the environment holds.
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      createLimiter(schema, rateLimit),
      tellMore,
      ...(elsewhere ? [forwarding] : []),
      ...(executor === 'plain' ? [] : [createPlannedExecution(schema, formatError)]),
    ],
  });
  await apollo.start();
  return {
    async handle({ method, headers, search, body }, caller) {
      let context: ApiContext | undefined;
      try {
        const http = await apollo.executeHTTPGraphQLRequest({
          httpGraphQLRequest: { method, headers: toHeaderMap(headers), search, body },
          context: async () => {
            context = createContext(caller);
            return context;
          },
        });
        const now = context?.now ?? Date.now();
        if (elsewhere && context?.outcome.dear && !isRefused(http)) {
          const { answer, codes, ...made } = await elsewhere.execute(context.outcome.dear, caller.signal);
          codes.forEach(countError);
          return { ...made, type: answer.type, body: answer, now };
        }
        return toHandled(http, context?.outcome ?? { isWhole: false }, now);
      } finally {
        context?.outcome.endTurn?.();
      }
    },
    format: (error) => formatError(error instanceof GraphQLError ? error.toJSON() : { message: '' }, error),
    stop: () => apollo.stop(),
  };
}

/** As where the client accepts no answer of any type that there is. */
const isRefused = ({ status = 200 }: HTTPGraphQLResponse): boolean => status >= 400;

function toHandled(http: HTTPGraphQLResponse, outcome: Outcome, now: number): Handled {
  if (http.body.kind !== 'complete') throw new AppError('INTERNAL', 'Incremental delivery is not supported.');
  const { 'content-type': type = 'application/json; charset=utf-8', ...headers } = Object.fromEntries(http.headers);
  // What was answered and is not accepted is an error all the same.
  const isWhole = outcome.isWhole && !isRefused(http);
  return { status: http.status, type, headers, body: http.body.string, outcome: { ...outcome, isWhole }, now };
}

/** Tells what an answer cost and the graph that it reflects, and notes whether it may be kept. */
const tellMore: ApolloServerPlugin<ApiContext> = {
  requestDidStart: async () => ({
    willSendResponse: async ({ response, operation, contextValue }) => {
      if (response.body.kind !== 'single') return;
      const { singleResult: result } = response.body;
      const { graphVersion, outcome } = contextValue;
      const isExecuted = result.data !== undefined;
      outcome.isWhole = isExecuted && result.errors === undefined && operation?.operation === OperationTypeNode.QUERY;
      outcome.isWhole &&= outcome.isUnversioned !== true;
      outcome.isWrongDocument = !isExecuted && result.errors?.every(isOfDocument) === true;
      const cost = outcome.cost === undefined ? undefined : { items: outcome.cost, limit: LIMITS.cost };
      const extensions = { ...(cost && { cost }), ...(isExecuted && graphVersion !== undefined && { graphVersion }) };
      if (Object.keys(extensions).length > 0) result.extensions = { ...result.extensions, ...extensions };
    },
  }),
};

const OF_DOCUMENT: ReadonlySet<unknown> = new Set<ApiErrorCode>([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
]);

function isOfDocument({ extensions }: GraphQLFormattedError): boolean {
  return OF_DOCUMENT.has(extensions?.code);
}

function toHeaderMap(headers: GraphQLHttpRequest['headers']): HeaderMap {
  const map = new HeaderMap();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return map;
}

/** Apollo's own messages as a field: our messages are constant. */
function quiet(log: Logger, level: 'debug' | 'warn' | 'error') {
  return (detail?: unknown) => log[level]({ detail: String(detail) }, 'The GraphQL engine says something');
}

import { ApolloServer, type ApolloServerPlugin, HeaderMap, type HTTPGraphQLResponse } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from '../logger.ts';
import type { ApiContext } from './context.ts';
import { estimateCost } from './cost.ts';
import { type ApiErrorCode, createErrorFormatter } from './errors.ts';
import { checkSize, LIMITS, tooLarge } from './limits.ts';

export interface GraphQLDeps {
  readonly schema: GraphQLSchema;
  readonly log: Logger;
  readonly introspection: boolean;
  readonly createContext: () => ApiContext;
  readonly countError: (code: ApiErrorCode) => void;
}

/** An HTTP request as Apollo wants it. */
export interface GraphQLHttpRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly search: string;
  readonly body: unknown;
}

export interface GraphQLService {
  handle(request: GraphQLHttpRequest): Promise<HTTPGraphQLResponse>;
  stop(): Promise<void>;
}

/** The GraphQL engine: parses, checks, limits and executes. It knows nothing of sockets. */
export async function createGraphQL({
  schema,
  log,
  introspection,
  createContext,
  countError,
}: GraphQLDeps): Promise<GraphQLService> {
  const apollo = new ApolloServer<ApiContext>({
    schema,
    introspection,
    // A closed schema is not told by its "Did you mean" either.
    hideSchemaDetailsFromClientErrors: !introspection,
    includeStacktraceInErrorResponses: false,
    formatError: createErrorFormatter(log, countError),
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
      createLimiter(schema),
    ],
  });
  await apollo.start();
  return {
    handle: ({ method, headers, search, body }) =>
      apollo.executeHTTPGraphQLRequest({
        httpGraphQLRequest: { method, headers: toHeaderMap(headers), search, body },
        context: async () => createContext(),
      }),
    stop: () => apollo.stop(),
  };
}

/** Refuses an operation that asks for too much, before anything of it is executed. */
function createLimiter(schema: GraphQLSchema): ApolloServerPlugin<ApiContext> {
  return {
    requestDidStart: async () => ({
      didResolveOperation: async ({ document, operation, request }) => {
        // Then execution says what is wrong with the operation's name.
        if (operation === undefined) return;
        checkSize(document, operation);
        const cost = estimateCost(schema, document, operation, request.variables ?? {});
        if (cost > LIMITS.cost)
          throw tooLarge('TOO_EXPENSIVE', `About ${cost} items are asked for, more than ${LIMITS.cost}.`);
      },
    }),
  };
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

import { randomUUID } from 'node:crypto';
import { ApolloServerErrorCode, unwrapResolverError } from '@apollo/server/errors';
import type { GraphQLFormattedError } from 'graphql';
import { AppError, type ErrorCode } from '../errors.ts';
import type { Logger } from '../logger.ts';

/** What `extensions.code` of an error may be: a closed list, explained in graphql/schema/schema.graphql. */
export const API_ERROR_CODES = [
  'BAD_ARGUMENT',
  'BAD_ID',
  'BAD_CURSOR',
  'PAGE_TOO_LARGE',
  'BAD_USER_INPUT',
  'NOT_FOUND',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'BAD_REQUEST',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'IDENTITY_UNAVAILABLE',
  'DOCUMENT_NOT_TRUSTED',
  'CANCELLED',
  'BODY_TOO_LARGE',
  'DOCUMENT_TOO_LARGE',
  'DOCUMENT_TOO_DEEP',
  'DOCUMENT_TOO_WIDE',
  'TOO_MANY_ALIASES',
  'TOO_MANY_DIRECTIVES',
  'TOO_EXPENSIVE',
  'LIMIT_EXCEEDED',
  'QUERY_TIMEOUT',
  'VERSION_NOT_REACHED',
  'CHANGE_PENDING',
  'STREAM_UNAVAILABLE',
  'DATABASE_UNAVAILABLE',
  'INTERNAL',
] as const;
export type ApiErrorCode = (typeof API_ERROR_CODES)[number];

/** AppErrors that clients may see, with what they are told; null: the error's own words. */
const SHOWN: Partial<Record<ErrorCode, string | null>> = {
  BAD_ARGUMENT: null,
  BAD_ID: null,
  BAD_CURSOR: null,
  PAGE_TOO_LARGE: null,
  NOT_FOUND: null,
  LIMIT_EXCEEDED: null,
  UNAUTHENTICATED: null,
  FORBIDDEN: null,
  RATE_LIMITED: null,
  IDENTITY_UNAVAILABLE: 'The keys that tokens are checked with cannot be had now. The same request may succeed later.',
  DOCUMENT_NOT_TRUSTED: null,
  CANCELLED: 'The client has gone.',
  QUERY_TIMEOUT: 'The answer took too long. A narrower question may not.',
  VERSION_NOT_REACHED: 'The graph has not come to that version in time. It may later.',
  CHANGE_PENDING: 'The change is accepted and not in the graph yet: ask again for what it changes.',
  STREAM_UNAVAILABLE: 'The stream takes no changes now. The same change may succeed later.',
  DATABASE_UNAVAILABLE: 'The graph does not answer now. The same question may succeed later.',
};

/** The status of an answer that is nothing but an error; 400 where none is named. */
const STATUS: Partial<Record<ApiErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  IDENTITY_UNAVAILABLE: 503,
  QUERY_TIMEOUT: 503,
  VERSION_NOT_REACHED: 503,
  INTERNAL: 500,
};

/** The HTTP status of a request that came to no execution. */
export function statusOf(code: ApiErrorCode): number {
  return STATUS[code] ?? 400;
}

const KNOWN: ReadonlySet<unknown> = new Set(API_ERROR_CODES);

/** Codes that Apollo gives for features that are switched off; to a client all are a request that cannot be served. */
const AS_BAD_REQUEST: ReadonlySet<unknown> = new Set([
  ApolloServerErrorCode.PERSISTED_QUERY_NOT_FOUND,
  ApolloServerErrorCode.PERSISTED_QUERY_NOT_SUPPORTED,
]);

/**
 * The one place where errors become what clients see. What is not on the closed list is logged with an id, and the
 * client is told the id and nothing else.
 */
export function createErrorFormatter(log: Logger, count: (code: ApiErrorCode) => void) {
  return (formatted: GraphQLFormattedError, error: unknown): ShownError => {
    const shown = translate(formatted, unwrapResolverError(error), log);
    count(shown.extensions.code);
    return shown;
  };
}

/** An error as clients see it. */
export type ShownError = GraphQLFormattedError & { readonly extensions: { readonly code: ApiErrorCode } };

function translate(formatted: GraphQLFormattedError, cause: unknown, log: Logger): ShownError {
  if (cause instanceof AppError) {
    const words = SHOWN[cause.code];
    if (cause.code === 'IDENTITY_UNAVAILABLE') log.warn({ err: cause.cause }, 'The keys of tokens cannot be had');
    if (words !== undefined && KNOWN.has(cause.code)) {
      return { ...formatted, message: words ?? cause.message, extensions: { code: cause.code as ApiErrorCode } };
    }
  } else if (/contains more that? \d+ tokens/.test(formatted.message)) {
    return { message: 'The document has more tokens than allowed.', extensions: { code: 'DOCUMENT_TOO_LARGE' } };
  } else {
    const code = formatted.extensions?.code;
    if (AS_BAD_REQUEST.has(code)) return { ...formatted, extensions: { code: 'BAD_REQUEST' } };
    if (KNOWN.has(code) && code !== 'INTERNAL') return { ...formatted, extensions: { code: code as ApiErrorCode } };
  }
  const errorId = randomUUID();
  log.error({ err: cause, errorId, path: formatted.path }, 'A request failed by a fault of ours');
  const extensions = { code: 'INTERNAL' as const, errorId };
  return {
    message: 'A fault in AVD. The id names its entry in the log.',
    ...(formatted.path && { path: formatted.path }),
    extensions,
  };
}

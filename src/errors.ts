/**
 * Every error that AVD raises by itself, as a closed list. `retryable` says whether the same call may succeed later
 * without anybody changing anything: a server that is away is retryable, a malformed document is not.
 */
export const ERROR_CODES = {
  // configuration and use
  CONFIG_INVALID: false,
  USAGE: false,
  PORT_IN_USE: false,
  TOOL_MISSING: false,
  SERVER_NOT_READY: true,
  // servers
  DATABASE_UNAVAILABLE: true,
  STREAM_UNAVAILABLE: true,
  QUERY_TIMEOUT: true,
  // stream positions
  FENCED: true,
  OFFSET_OUT_OF_RANGE: false,
  DATABASE_REPLACED: false,
  DIGEST_CHANGED: false,
  MIGRATION_CHANGED: false,
  GRAPH_BROKEN: false,
  // questions
  BAD_ARGUMENT: false,
  BAD_ID: false,
  BAD_CURSOR: false,
  PAGE_TOO_LARGE: false,
  NOT_FOUND: false,
  LIMIT_EXCEEDED: false,
  VERSION_NOT_REACHED: true,
  CHANGE_PENDING: true,
  INDEX_NOT_READY: true,
  // access
  UNAUTHENTICATED: false,
  FORBIDDEN: false,
  RATE_LIMITED: true,
  IDENTITY_UNAVAILABLE: true,
  DOCUMENT_NOT_TRUSTED: false,
  CANCELLED: true,
  // documents: see REFUSALS in consumers/refusal.ts for the reasons
  REFUSED: false,
  INTERNAL: false,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error with a code from the closed list above. `details` holds only what an operator may see. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: Record<string, unknown> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'AppError';
    this.code = code;
    this.details = details;
  }

  get retryable(): boolean {
    return ERROR_CODES[this.code];
  }
}

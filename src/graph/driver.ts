import neo4j, { type Driver } from 'neo4j-driver';
import { AppError } from '../errors.ts';

export type { Driver, ManagedTransaction } from 'neo4j-driver';

export interface DatabaseAddress {
  /** `bolt://…` or `neo4j://…` */
  readonly uri: string;
  readonly username: string;
  readonly password: string;
}

/**
 * Opens a connection pool. Integers come back as JavaScript numbers: everything AVD stores is below 2^53.
 * Retrying is left to the callers, who know whether they may wait.
 */
export function openDriver(address: DatabaseAddress): Driver {
  return neo4j.driver(address.uri, neo4j.auth.basic(address.username, address.password), {
    disableLosslessIntegers: true,
    connectionTimeout: 5_000,
    connectionAcquisitionTimeout: 30_000,
    maxTransactionRetryTime: 15_000,
    maxConnectionPoolSize: 50,
    telemetryDisabled: true,
  });
}

/** A parameter that Neo4j shall take as an integer: plain numbers travel as floats. */
export function integer(value: number): ReturnType<typeof neo4j.int> {
  return neo4j.int(value);
}

/** Writes take `undefined` as "no value"; the driver wants `null`. */
export function integerOrNull(value: number | undefined): ReturnType<typeof neo4j.int> | null {
  return value === undefined ? null : neo4j.int(value);
}

const DOWN = new Set(['ServiceUnavailable', 'SessionExpired']);
/** The server is starting, stopping or short of memory; asking again later is the cure. */
const TRANSIENT =
  /^Neo\.(TransientError\.|DatabaseError\.(General\.Unknown|Transaction\.)|ClientError\.Database\.DatabaseNotFound)/;

/** What has a code of the driver's own besides those: a server that dies while it lets somebody in is a ProtocolError. */
const CUT_OFF =
  /Pool is closed|connection acquisition timed out|Connection was closed by server|Failed to connect to server/i;

/** Of transient errors, those that may lie in what the server was asked. */
const ABOUT_A_TRANSACTION = /Memory|General\.Unknown|\.Transaction\./;

/** Whether there is no server that works, whatever it is asked. */
export const isDown = ({ code, details }: AppError): boolean =>
  code === 'DATABASE_UNAVAILABLE' && !ABOUT_A_TRANSACTION.test(String(details.code));

/** Turns the driver's errors into AVD's own, so that nobody else needs to know the driver's codes. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) {
    return error;
  }
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const message = error instanceof Error ? error.message : String(error);
  if (/TransactionTimedOut|TransactionTimedOutClientConfiguration/.test(code)) {
    return new AppError(
      'QUERY_TIMEOUT',
      'The database gave the question up because it took too long.',
      { code },
      error,
    );
  }
  if (DOWN.has(code) || TRANSIENT.test(code) || (!code.startsWith('Neo.') && CUT_OFF.test(message))) {
    return new AppError('DATABASE_UNAVAILABLE', `The database does not answer: ${message}`, { code }, error);
  }
  return new AppError('INTERNAL', `The database refused a statement: ${message}`, { code }, error);
}

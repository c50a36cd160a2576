import { AppError } from '../errors.ts';
import { isDown } from '../graph/driver.ts';

/** How a message is refused that the database won't take. */
export const UNWRITABLE = { code: 'UNWRITABLE_EVENT', reason: 'The database refuses what the message says.' } as const;

/**
 * Whether a failed write says something of what was to be written, so that a part of it may pass. Neither a server that
 * is away nor one that is set up wrongly does.
 */
export function isAboutTheData(error: unknown): boolean {
  if (!(error instanceof AppError)) return true;
  if (isMemory(error)) return true;
  return error.code === 'INTERNAL' && !/\.(Security|Database|Cluster)\./.test(String(error.details.code));
}

/** A transaction that is too large for the database's memory fails again each time, unless it is made smaller. */
export function isMemory(error: unknown): boolean {
  return error instanceof AppError && /MemoryPoolOutOfMemory|TransactionMemoryLimit/.test(String(error.details.code));
}

/** Whether no server was there to do it, whatever was to be done. */
export function isServerAway(error: unknown): boolean {
  return error instanceof AppError && (isDown(error) || error.code === 'STREAM_UNAVAILABLE');
}

/** Whether to write the half of it may help: of what takes too long, a single message is tried again instead. */
export function isTooMuch(error: unknown, messages: number): boolean {
  const isTooLong = error instanceof AppError && error.code === 'QUERY_TIMEOUT' && messages > 1;
  return isTooLong || isAboutTheData(error);
}

import { AppError } from '../errors.ts';

/** What the command line's exit codes mean. */
export const EXIT = { done: 0, failed: 1, wrongUse: 2 } as const;

const WRONG_USE = new Set(['USAGE', 'CONFIG_INVALID', 'BAD_ARGUMENT']);

/** Says what went wrong on standard error, in one sentence where it is an error of our own, and gives the exit code. */
export function reportFailure(error: unknown, json = false): number {
  const known = error instanceof AppError;
  const message = error instanceof Error ? error.message : String(error);
  if (json) process.stderr.write(`${JSON.stringify({ error: { code: known ? error.code : 'INTERNAL', message } })}\n`);
  else process.stderr.write(`${known ? message : error instanceof Error ? (error.stack ?? message) : message}\n`);
  return known && WRONG_USE.has(error.code) ? EXIT.wrongUse : EXIT.failed;
}

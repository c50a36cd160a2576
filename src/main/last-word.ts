import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { z } from 'zod';
import { AppError, ERROR_CODES, type ErrorCode } from '../errors.ts';
import { reportFailure } from './exit.ts';

const TAIL_BYTES = 64 * 1024;
const codes = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]];
const failure = z.object({ error: z.object({ code: z.enum(codes), message: z.string() }) });

/**
 * Says why this process ends, and gives its exit code: to a person in a sentence; into the log that `npm start` keeps
 * as a line of JSON, as everything there.
 */
export function sayLastWord(error: unknown): number {
  return reportFailure(error, process.env.AVD_PARENT_PID !== undefined);
}

/** Where the next process begins in a log. */
export function endOf(logFile: string): number {
  return existsSync(logFile) ? statSync(logFile).size : 0;
}

/** What the process whose log begins at `from` said by `sayLastWord`; undefined where it died without a word. */
export function lastWord(logFile: string, from: number): AppError | undefined {
  const lines = tail(logFile, from).split('\n').reverse();
  for (const line of lines) {
    const said = line.startsWith('{"error":') ? failure.safeParse(parsed(line)) : undefined;
    if (said?.success) return new AppError(said.data.error.code, said.data.error.message);
  }
  return undefined;
}

/** Whether a new process would end the same way: only somebody's decision helps. */
export function isFinal({ code, retryable }: AppError): boolean {
  return !retryable && code !== 'INTERNAL';
}

function tail(file: string, from: number): string {
  const log = openSync(file, 'r');
  try {
    const { size } = fstatSync(log);
    const start = Math.max(from, size - TAIL_BYTES);
    const bytes = Buffer.alloc(Math.max(0, size - start));
    readSync(log, bytes, 0, bytes.length, start);
    return bytes.toString('utf8');
  } finally {
    closeSync(log);
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

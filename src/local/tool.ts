import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import { findProcess, launch } from './processes.ts';

export interface Tool {
  readonly name: string;
  /** The server's folder. */
  readonly home: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Done first, when no other tool works on the folder any more. */
  readonly before?: () => void;
}

/** For Java, in a program that is over before a thorough compiler has paid. */
export const COMPILE_LIGHTLY = '-XX:TieredStopAtLevel=1';

/**
 * Runs a short program on a server's folder to its end. One that a killed start has left is ended first: two of them
 * would write the same files.
 * @throws AppError SERVER_NOT_READY with its last words where it fails.
 */
export async function runTool({ name, home, command, args, env = {}, before }: Tool): Promise<void> {
  const pidFile = join(home, 'tool.pid');
  const logFile = join(home, 'logs', 'tool.log');
  await findProcess(pidFile)?.kill();
  before?.();
  const code = await (await launch({ command, args, pidFile, logFile, env, background: false })).ended;
  if (code === 0) return;
  throw new AppError('SERVER_NOT_READY', `${name} failed; its log is ${logFile} and ends:\n${lastLines(logFile)}`);
}

/** The end of a log, to be shown to a person. */
export function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
}

import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import { isFree } from './ports.ts';
import { findProcess, type Launch, launch, type OwnProcess } from './processes.ts';
import { lastLines } from './tool.ts';

export interface BringUp {
  readonly name: string;
  readonly ports: readonly number[];
  /** Given up where this aborts. */
  readonly signal?: AbortSignal | undefined;
  readonly launch: Launch & { readonly logFile: string };
  /** Made ready before a launch: configuration, password, storage. */
  prepare(): Promise<void>;
  answers(): Promise<boolean>;
}

const ADOPT_MS = 15_000;
/** Far more than it takes, for a machine that is busy with other things. */
const START_MS = 300_000;

/**
 * Adopts the server that an earlier start left, where it answers; else stops that and starts a new one. When this
 * throws, nothing that it started is left.
 * @throws AppError PORT_IN_USE, or SERVER_NOT_READY that names the log file and quotes its end.
 */
export async function bringUp(server: BringUp): Promise<OwnProcess> {
  const left = findProcess(server.launch.pidFile);
  if (left) {
    if (await answersWithin(server, left, ADOPT_MS)) return left;
    await left.stop();
  }
  for (const port of server.ports) {
    if (!(await isFree(port)))
      throw new AppError('PORT_IN_USE', `Port ${port}, which ${server.name} wants, is in use.`, { port });
  }
  await server.prepare();
  server.signal?.throwIfAborted();
  const process = await launch(server.launch);
  if (await answersWithin(server, process, START_MS)) return process;
  const state = process.isAlive() ? `did not answer within ${START_MS / 1000} s` : 'ended while it was starting';
  await process.stop();
  server.signal?.throwIfAborted();
  const { logFile } = server.launch;
  throw new AppError(
    'SERVER_NOT_READY',
    `${server.name} ${state}; its log is ${logFile} and ends:\n${lastLines(logFile)}`,
  );
}

async function answersWithin(server: BringUp, process: OwnProcess, patienceMs: number): Promise<boolean> {
  const end = Date.now() + patienceMs;
  while (process.isAlive() && Date.now() < end && !server.signal?.aborted) {
    if (await server.answers()) return true;
    await sleep(100);
  }
  return false;
}

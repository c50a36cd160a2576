import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import { findProcess, type LaunchedProcess, launch, type OwnProcess } from '../local/processes.ts';
import { lastLines } from '../local/tool.ts';
import { endOf, isFinal, lastWord } from './last-word.ts';

export interface Supervise {
  readonly home: string;
  readonly name: string;
  /** What Node is given to run it. */
  readonly args: readonly string[];
  readonly say: (text: string) => void;
}

/** One of AVD's own processes, which is started again whenever it ends by itself. */
export interface Supervised {
  readonly name: string;
  /** Rejects with what it said, or the end of its log, where starting it again is in vain; else stays pending. */
  readonly failure: Promise<never>;
  /** Ends it, and waits until it is gone. */
  stop(): Promise<void>;
  kill(): Promise<void>;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** A life this long makes up for all earlier ends. */
const SOUND_AFTER_MS = 20_000;
/** So many ends in a row without a sound life between them are no accident. */
const GIVE_UP_AFTER = 6;
const DRAIN_MS = 20_000;

const runFolder = (home: string) => join(home, 'run');
const logFile = (home: string, name: string) => join(home, 'logs', `${name}.log`);

/** Starts a process, with its log in `<home>/logs`, and keeps it running until `stop` or `kill`. */
export function supervise(what: Supervise): Supervised {
  const stopping = new AbortController();
  const log = logFile(what.home, what.name);
  let current: Promise<LaunchedProcess> | undefined;

  const keepRunning = async () => {
    for (let ends = 1; !stopping.signal.aborted; ends++) {
      const bornAt = Date.now();
      const born = endOf(log);
      current = start(what);
      await (await current).ended;
      if (stopping.signal.aborted) return;
      const said = lastWord(log, born);
      if (said !== undefined && isFinal(said)) throw said;
      if (Date.now() - bornAt >= SOUND_AFTER_MS) ends = 1;
      if (ends >= GIVE_UP_AFTER) throw endsAgainAndAgain(what);
      const pause = Math.min(FIRST_PAUSE_MS * 2 ** (ends - 1), LONGEST_PAUSE_MS);
      const why = said === undefined ? '' : ` (${said.message})`;
      what.say(`${what.name} ended${why}; it starts again in ${pause / 1000} s (its log: ${log})`);
      await sleep(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const end = async (how: (process: OwnProcess) => Promise<void>) => {
    stopping.abort();
    const process = await current?.catch(() => undefined);
    if (process) await how(process);
  };
  const failure = new Promise<never>((_, reject) => void keepRunning().catch(reject));
  failure.catch(() => undefined);
  return {
    name: what.name,
    failure,
    stop: () => end((process) => process.stop(DRAIN_MS)),
    kill: () => end((process) => process.kill()),
  };
}

/** What an earlier start has left running in this folder. */
export function leftProcesses(home: string): OwnProcess[] {
  if (!existsSync(runFolder(home))) return [];
  const files = readdirSync(runFolder(home)).filter((name) => name.endsWith('.pid'));
  return files.flatMap((name) => findProcess(join(runFolder(home), name)) ?? []);
}

async function start({ home, name, args }: Supervise): Promise<LaunchedProcess> {
  mkdirSync(runFolder(home), { recursive: true });
  mkdirSync(join(home, 'logs'), { recursive: true });
  return launch({
    command: process.execPath,
    args,
    pidFile: join(runFolder(home), `${name}.pid`),
    logFile: logFile(home, name),
    background: false,
    // Libraries leave out what helps only their developers.
    env: { NODE_ENV: process.env.NODE_ENV ?? 'production', AVD_PARENT_PID: String(process.pid) },
  });
}

function endsAgainAndAgain({ home, name }: Supervise): AppError {
  const log = logFile(home, name);
  return new AppError(
    'SERVER_NOT_READY',
    `${name} ends again and again; its log is ${log} and ends:\n${lastLines(log)}`,
  );
}

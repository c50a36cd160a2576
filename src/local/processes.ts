import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import { parseStartTime, startTimeOf } from './identity.ts';

/** A process that we started, now or in an earlier run. */
export interface OwnProcess {
  readonly pid: number;
  isAlive(): boolean;
  /** Asks it to end (SIGTERM), waits until it is gone, and kills it where that takes longer than `patienceMs`. */
  stop(patienceMs?: number): Promise<void>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
}

/** A process of this run. */
export interface LaunchedProcess extends OwnProcess {
  /** Fulfilled when it has ended, with its exit code, or null where a signal ended it. */
  readonly ended: Promise<number | null>;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly pidFile: string;
  /** Where its standard output and error are appended; absent: they are this process's. */
  readonly logFile?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it may outlive us: we then end although it runs. */
  readonly background: boolean;
}

/**
 * The process writes its pid file itself before it becomes what it is to be: however early its parent is killed, the
 * next start finds it. (A file written by the parent would leave a gap.)
 */
const WRITE_PID_THEN_EXEC = `
{ echo $$; cat /proc/$$/stat 2>/dev/null || LC_ALL=C ps -o lstart= -p $$; } > "$0.new" && mv "$0.new" "$0" && exec "$@"`;

const GRACE_MS = 60_000;

/** Starts a process in its own process group, so that a Ctrl-C reaches it only through us. */
export async function launch(what: Launch): Promise<LaunchedProcess> {
  rmSync(what.pidFile, { force: true });
  const log = what.logFile === undefined ? undefined : openSync(what.logFile, 'a', 0o600);
  const child = spawn('sh', ['-c', WRITE_PID_THEN_EXEC, what.pidFile, what.command, ...what.args], {
    detached: true,
    stdio: ['ignore', log ?? 'inherit', log ?? 'inherit'],
    env: { ...process.env, ...what.env },
  });
  if (log !== undefined) closeSync(log);
  if (what.background) child.unref();
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const own = await Promise.race([failed, untilPidFile(what, ended)]);
  return { ...own, ended };
}

async function untilPidFile(what: Launch, ended: Promise<unknown>): Promise<OwnProcess> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  for (;;) {
    const last = over;
    const own = readPidFile(what.pidFile);
    if (own) return own;
    if (last) throw new AppError('INTERNAL', `${what.command} could not write ${what.pidFile}.`);
    await sleep(10);
  }
}

/** The process that a pid file names, if it still lives; never a stranger that has got the same pid since. */
export function findProcess(pidFile: string): OwnProcess | undefined {
  const own = readPidFile(pidFile);
  return own?.isAlive() ? own : undefined;
}

function readPidFile(pidFile: string): OwnProcess | undefined {
  if (!existsSync(pidFile)) return undefined;
  const [pidLine = '', ...rest] = readFileSync(pidFile, 'utf8').split('\n');
  const pid = Number(pidLine);
  const startTime = parseStartTime(rest.join('\n'));
  if (!Number.isSafeInteger(pid) || pid <= 1 || startTime === undefined) return undefined;
  return ownProcess(pid, startTime, pidFile);
}

function ownProcess(pid: number, startTime: string, pidFile: string): OwnProcess {
  const isAlive = () => startTimeOf(pid) === startTime;
  const signal = (name: NodeJS.Signals) => {
    if (!isAlive()) return;
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  const gone = async (patienceMs: number) => {
    const end = Date.now() + patienceMs;
    while (isAlive() && Date.now() < end) await sleep(25);
    if (isAlive()) return false;
    rmSync(pidFile, { force: true });
    return true;
  };
  const kill = async () => {
    signal('SIGKILL');
    await gone(GRACE_MS);
  };
  const stop = async (patienceMs = GRACE_MS) => {
    signal('SIGTERM');
    if (!(await gone(patienceMs))) await kill();
  };
  return { pid, isAlive, stop, kill };
}

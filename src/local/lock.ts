import { linkSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import { startTimeOf } from './identity.ts';
import { findProcess, type OwnProcess } from './processes.ts';

const lockFile = (home: string) => join(home, 'lock');

/** The process that runs AVD from this folder now, if there is one. */
export function lockHolder(home: string): OwnProcess | undefined {
  return findProcess(lockFile(home));
}

/**
 * Makes this process the only one that starts and stops things in `home`, until it calls what is returned or ends.
 * @throws AppError USAGE where another one does.
 */
export function takeLock(home: string): () => void {
  const mine = mkdtempSync(join(home, 'lock-'));
  try {
    writeFileSync(join(mine, 'pid'), `${process.pid}\n${startTimeOf(process.pid)}\n`);
    // A link, and not a new file that is written then: whoever finds the lock finds its content.
    for (let tries = 0; tries < 3; tries++) {
      if (linked(join(mine, 'pid'), lockFile(home))) return () => rmSync(lockFile(home), { force: true });
      const holder = lockHolder(home);
      if (holder) throw runsAlready(home, holder.pid);
      rmSync(lockFile(home), { force: true });
    }
    throw new AppError('INTERNAL', `${lockFile(home)} can't be taken.`);
  } finally {
    rmSync(mine, { recursive: true, force: true });
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function runsAlready(home: string, pid: number): AppError {
  return new AppError(
    'USAGE',
    `AVD already runs from ${home} (process ${pid}): end that, by Ctrl-C or \`npm run avd -- down\`, or choose another AVD_HOME and PORT.`,
    { pid },
  );
}

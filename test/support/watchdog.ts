import { spawn } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProcess } from '../../src/local/processes.ts';

/**
 * Starts a process that waits for the end of this one, and then stops every server whose pid file lies one level below
 * `folder`, and deletes the folder. It notices the end by its standard input being closed, so a Ctrl-C or a kill -9 of
 * the tests leaves nothing behind either.
 * @returns what brings the end about now, and waits for it.
 */
export function watchFolder(folder: string): () => Promise<void> {
  const watchdog = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url), folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  watchdog.unref();
  const gone = new Promise<void>((resolve) => watchdog.once('exit', () => resolve()));
  return () => {
    watchdog.ref();
    watchdog.stdin.end();
    return gone;
  };
}

async function clear(folder: string): Promise<void> {
  const servers = readdirSync(folder).map((name) => findProcess(join(folder, name, 'pid')));
  // The data goes with the folder: there is nothing that a server would have to put in order.
  await Promise.all(servers.map((server) => server?.kill()));
  rmSync(folder, { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] !== undefined) {
  const folder = process.argv[2];
  process.stdin.resume().once('close', () => void clear(folder));
}

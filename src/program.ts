import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/** The path of something that belongs to the program. `path`: from the folder of package.json. */
export function inProgram(path: string): string {
  // This module lies one folder below, as source and built: see scripts/build.mjs.
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

/** A batch of events dies young: with the default of 16 MB a third of a consumer's time goes to copying it about. */
const YOUNG_SPACE = '--max-semi-space-size=64';

/** A process that goes on until it is told to stop: a file of `src/main`. */
export type Program = 'api' | 'consumers';

/** What Node is given to run it. */
export function processArguments(program: Program): readonly string[] {
  return [YOUNG_SPACE, built(program)];
}

/** What runs on a thread of its own: the names of their files. */
type Thread = 'worker' | 'follower' | 'dear-worker';

/** `workerData`: what the thread finds under that name. */
export function startThread(name: Thread, workerData: unknown, options: WorkerOptions = {}): Worker {
  return new Worker(built(name), { ...options, workerData });
}

const built = (name: Program | Thread): string => inProgram(`build/${name}.js`);

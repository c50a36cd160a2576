import { Worker, type WorkerOptions } from 'node:worker_threads';

/** Starts a thread that runs a module of this program. `workerData`: what the module finds under that name. */
export function startThread(module: URL, workerData: unknown, options: WorkerOptions = {}): Worker {
  return new Worker(new URL('./thread.mjs', import.meta.url), { ...options, argv: [module.href], workerData });
}

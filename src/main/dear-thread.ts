import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { DearAnswer, Elsewhere } from '../api/elsewhere.ts';
import { AppError } from '../errors.ts';
import type { ExposureIndexClient } from '../exposure/client.ts';
import { Slots } from '../exposure/slots.ts';
import type { Logger } from '../logger.ts';
import { startThread } from '../program.ts';
import type { DearSettings, FromDear, ToDear } from './dear-messages.ts';

/** Most that the thread's heap may take. Beyond it the thread ends, and not the API, but for a single huge allocation. */
const MOST_HEAP_MB = 1_024;
/** The thread keeps to a query's deadline itself. So long after it, it is taken for hung, and ended. */
const LONGEST_DELAY_MS = 5_000;
/** It has nothing to save. */
const LONGEST_STOP_MS = 2_000;

export const startDearThread = (settings: DearSettings): Worker =>
  startThread('dear-worker', settings, {
    resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB },
  });

/** A thread on which dear queries are executed: one that ends by itself fails what it was asked, and another follows. */
export interface DearThread extends Elsewhere {
  stop(): Promise<void>;
}

/** `index`: where the index is asked; undefined where the database answers alone. */
export function createDearThread(
  settings: Omit<DearSettings, 'isIndexed'>,
  index: Pick<ExposureIndexClient, 'connect'> | undefined,
  log: Logger,
  newThread = startDearThread,
): DearThread {
  const pending = new Slots<{ resolve: (made: DearAnswer) => void; reject: (error: AppError) => void }>();
  let thread: Worker | undefined = start();

  function start(): Worker {
    const worker = newThread({ ...settings, isIndexed: index !== undefined });
    const disconnect = index?.connect((port) => worker.postMessage({ kind: 'index', port } satisfies ToDear, [port]));
    let failure = new AppError('INTERNAL', 'The thread of dear queries has ended.');
    worker.on('message', (message: FromDear) => {
      const asked = pending.take(message.id);
      if (message.kind === 'failed') asked?.reject(new AppError(message.code, message.message));
      else asked?.resolve(message.made);
    });
    worker.on('error', (error) => {
      log.error({ err: error }, 'The thread of dear queries failed');
      if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
        failure = new AppError('LIMIT_EXCEEDED', 'The answer needs more memory than one question may take.');
      }
    });
    worker.once('exit', () => {
      disconnect?.();
      if (thread === worker) thread = undefined;
      for (const { reject } of pending.takeAll()) reject(failure);
    });
    return worker;
  }

  return {
    async execute(query, signal) {
      thread ??= start();
      const worker = thread;
      const post = (message: ToDear): void => worker.postMessage(message);
      let leave = (): void => undefined;
      let late: NodeJS.Timeout | undefined;
      const executed = new Promise<DearAnswer>((resolve, reject) => {
        const id = pending.put({ resolve, reject });
        try {
          post({ kind: 'execute', id, query });
        } catch (error) {
          pending.take(id);
          return reject(new AppError('BAD_ARGUMENT', 'The variables are nested too deeply.', {}, error));
        }
        // Also then its turn lasts until the thread has done with it.
        leave = () => post({ kind: 'abandon', id });
        signal.addEventListener('abort', leave, { once: true });
        if (signal.aborted) leave();
        late = setTimeout(() => void worker.terminate(), query.deadline - Date.now() + LONGEST_DELAY_MS);
      });
      try {
        const { answer, ...made } = await executed;
        const { buffer, byteOffset, byteLength } = answer.body;
        // Messages know of no Buffer.
        return { ...made, answer: { ...answer, body: Buffer.from(buffer, byteOffset, byteLength) } };
      } finally {
        clearTimeout(late);
        signal.removeEventListener('abort', leave);
      }
    },
    async stop() {
      const worker = thread;
      if (worker === undefined) return;
      const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
      worker.postMessage({ kind: 'stop' } satisfies ToDear);
      await Promise.race([ended, sleep(LONGEST_STOP_MS, undefined, { ref: false })]);
      await worker.terminate();
    },
  };
}

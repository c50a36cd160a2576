import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { AppError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { startThread } from '../program.ts';
import { askByMessage, notReady } from './asking.ts';
import type { IndexedQueries } from './exposure-index.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './messages.ts';
import { includes, isVersion } from './version.ts';

/** The exposure index on a thread of its own. */
export interface ExposureIndexClient {
  /**
   * The questions as that tenant sees the graph (undefined: what is public), given up at `deadline` and when `signal`
   * aborts.
   * @throws AppError INDEX_NOT_READY where it can't be asked now
   */
  queries(deadline?: number, signal?: AbortSignal, tenant?: string): IndexedQueries;
  /** Resolves when it can be asked for the first time, and stays so when it can't be any longer. */
  readonly ready: Promise<void>;
  /** Which changes it reflects, as that tenant is told it: see `toVersion`. Undefined while it can't be asked. */
  version(tenant?: string): string | undefined;
  /**
   * Resolves once the index reflects that version, as the tenant was told it, or a later one.
   * @throws AppError VERSION_NOT_REACHED where `signal` aborts before, BAD_ARGUMENT for what is no version
   */
  waitFor(version: string, signal: AbortSignal, tenant?: string): Promise<void>;
  /**
   * Gives a port on which another thread can ask, by `askByMessage`, and again whenever another index thread takes the
   * place of this one, whose port is closed then.
   * @returns what ends that
   */
  connect(take: (port: MessagePort) => void): () => void;
  /** Lets the thread save what it holds and end; after some seconds it is ended. */
  stop(): Promise<void>;
}

/** After the first end of the thread; twice as long after each that follows before it was of any use. */
const RESTART_AFTER_MS = 1_000;
const RESTART_AFTER_AT_MOST_MS = 60_000;
/** A thread that waits for a server is not waited for. The saved file takes its place only when it is whole. */
const LONGEST_STOP_MS = 10_000;

export const startIndexThread = (settings: WorkerSettings): Worker => startThread('worker', settings);

export function createExposureIndexClient(
  settings: WorkerSettings,
  logger: Logger,
  newThread = startIndexThread,
): ExposureIndexClient {
  const asked = askByMessage((message) => {
    if (message.kind === 'ask' && version === undefined) throw notReady();
    worker.postMessage(message);
  });
  const reached = createVersionWaiters();
  const connected = new Set<(port: MessagePort) => void>();
  let versions: Readonly<Record<string, string>> = {};
  let [worker, ended] = start();
  let version: string | undefined;
  let [isStopping, isAway, pause] = [false, false, RESTART_AFTER_MS];
  let beReady = (): void => undefined;
  const ready = new Promise<void>((resolve) => {
    beReady = resolve;
  });
  const versionFor = (tenant: string | undefined): string | undefined =>
    version === undefined || tenant === undefined || !Object.hasOwn(versions, tenant) ? version : versions[tenant];

  function start(): [Worker, Promise<void>] {
    const thread = newThread(settings);
    thread.on('message', receive);
    thread.on('error', (error) => logger.error({ err: error }, 'the thread of the exposure index failed'));
    return [thread, new Promise((resolve) => thread.once('exit', () => resolve(exited())))];
  }

  function exited(): void {
    version = undefined;
    isAway = true;
    asked.giveUp();
    if (isStopping) return;
    setTimeout(() => {
      if (isStopping) return;
      [worker, ended] = start();
      isAway = false;
      connected.forEach(openPort);
    }, pause).unref();
    pause = Math.min(pause * 2, RESTART_AFTER_AT_MOST_MS);
  }

  function openPort(take: (port: MessagePort) => void): void {
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ kind: 'connect', port: port1 } satisfies ToWorker, [port1]);
    take(port2);
  }

  function receive(message: FromWorker): void {
    if (message.kind === 'state') {
      version = message.version;
      versions = message.versions ?? {};
      if (version !== undefined) {
        pause = RESTART_AFTER_MS;
        beReady();
      }
      reached.tell(versionFor);
      return;
    }
    asked.receive(message);
  }

  return {
    queries: asked.queries,
    ready,
    version: versionFor,
    waitFor: (wanted, signal, tenant) => reached.wait({ version: wanted, tenant }, versionFor(tenant), signal),
    connect(take) {
      connected.add(take);
      // A port to one that has ended would never tell so.
      if (!isAway) openPort(take);
      return () => void connected.delete(take);
    },
    async stop() {
      isStopping = true;
      worker.postMessage({ kind: 'stop' } satisfies ToWorker);
      await Promise.race([ended, sleep(LONGEST_STOP_MS, undefined, { ref: false })]);
      await worker.terminate();
    },
  };
}

interface Wanted {
  readonly version: string;
  readonly tenant: string | undefined;
}

/** Those who wait until the index reflects a version. */
function createVersionWaiters() {
  const waiters = new Set<Wanted & { readonly resolve: () => void }>();
  return {
    tell(versionFor: (tenant: string | undefined) => string | undefined): void {
      for (const waiter of waiters) {
        const version = versionFor(waiter.tenant);
        if (version !== undefined && includes(version, waiter.version)) waiter.resolve();
      }
    },
    wait: ({ version: wanted, tenant }: Wanted, version: string | undefined, signal: AbortSignal): Promise<void> =>
      new Promise((resolve, reject) => {
        if (!isVersion(wanted)) return reject(new AppError('BAD_ARGUMENT', 'That is no version of the graph.'));
        if (version !== undefined && includes(version, wanted)) return resolve();
        const waiter = { version: wanted, tenant, resolve: () => end(resolve) };
        const late = () =>
          end(() => reject(new AppError('VERSION_NOT_REACHED', 'The index did not reach that version in time.')));
        const end = (then: () => void): void => {
          waiters.delete(waiter);
          signal.removeEventListener('abort', late);
          then();
        };
        waiters.add(waiter);
        signal.addEventListener('abort', late, { once: true });
        if (signal.aborted) late();
      }),
  };
}

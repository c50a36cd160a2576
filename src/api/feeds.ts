import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Alert, AlertQueries } from '../queries/alert.ts';
import type { FeedQueries, Last, PortfolioNews } from '../queries/feed.ts';
import type { PortfolioName } from '../queries/portfolio.ts';

/** News with what its cursor is made of. */
export interface PortfolioChangeEvent extends PortfolioNews {
  readonly graph: string;
}

/** What is told as it happens: numbered, kept in the database, and read from there, so that nothing is missed. */
export interface Feeds {
  /** After that number; undefined: from now on. */
  alerts(name: PortfolioName, after: number | undefined, signal: AbortSignal): AsyncGenerator<Alert>;
  /** @throws AppError BAD_CURSOR where what comes after that is not kept any more */
  changes(
    name: PortfolioName,
    after: { readonly graph: string; readonly sequence: number } | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<PortfolioChangeEvent>;
  stop(): void;
}

export interface FeedDeps {
  readonly feed: FeedQueries;
  readonly alerts: AlertQueries;
  readonly log: Logger;
}

const AT_ONCE = 100;
/** One question for all that is waited for. */
const LOOK_EVERY_MS = 100;
/** While the database is away. */
const LOOK_AGAIN_MS = 1_000;

/** @example for await (const alert of createFeeds(deps).alerts(portfolio, 7, signal)) … */
export function createFeeds({ feed, alerts, log }: FeedDeps): Feeds {
  const bell = createBell(feed, log);
  return {
    alerts: (name, after, signal) => {
      const read = (last: number) => alerts.alertsAfter(name, last, AT_ONCE);
      const begin = async () => after ?? (await alerts.lastAlert(name));
      return follow({ begin, read, wait: (last) => bell.wait(name, (now) => now.alerts > last, signal) }, signal);
    },
    async *changes(name, after, signal) {
      const state = await feed.newsState(name);
      if (state === undefined) throw new AppError('NOT_FOUND', 'There is no such portfolio.');
      const { graph, first, last } = state;
      if (after !== undefined && (after.graph !== graph || after.sequence < first - 1 || after.sequence > last)) {
        throw new AppError('BAD_CURSOR', 'after: what came after this is not kept any more; read all anew.');
      }
      const read = (from: number) => feed.newsAfter(name, from, AT_ONCE);
      const begin = async () => after?.sequence ?? last;
      const wait = (from: number) => bell.wait(name, (now) => now.news > from, signal);
      for await (const news of follow({ begin, read, wait }, signal)) yield { ...news, graph };
    },
    stop: bell.stop,
  };
}

interface Followed<T> {
  begin(): Promise<number>;
  read(last: number): Promise<readonly T[]>;
  /** Returns when there is something after that, or `signal` has aborted. */
  wait(last: number): Promise<void>;
}

/** Everything that is numbered, in order and once, until the signal aborts. */
async function* follow<T extends { readonly sequence: number }>(
  { begin, read, wait }: Followed<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  let last = await begin();
  while (!signal.aborted) {
    const found = await read(last);
    for (const one of found) {
      if (signal.aborted) return;
      // A gap means that what stood there is not kept any more: going on would miss it in silence.
      if (one.sequence !== last + 1) throw new AppError('BAD_CURSOR', 'What comes next is not kept any more.');
      last = one.sequence;
      yield one;
    }
    if (found.length === 0) await wait(last);
  }
}

/** Wakes those who wait for a number to grow, by one question for all of them. */
function createBell(feed: FeedQueries, log: Logger) {
  const waiting = new Set<{ readonly name: PortfolioName; isNew(now: Last): boolean; wake(): void }>();
  let isLooking = false;
  let isStopped = false;

  const look = async (): Promise<void> => {
    isLooking = true;
    while (waiting.size > 0 && !isStopped) {
      const pause = await tell().then(
        () => LOOK_EVERY_MS,
        (error: unknown) => {
          log.warn({ reason: String(error) }, 'Nobody can be told of what is new');
          return LOOK_AGAIN_MS;
        },
      );
      await sleep(pause);
    }
    isLooking = false;
  };

  const tell = async (): Promise<void> => {
    const waiters = [...waiting];
    const last = await feed.last(waiters.map(({ name }) => name));
    for (const [i, waiter] of waiters.entries()) {
      const now = last[i];
      if (now !== undefined && waiter.isNew(now)) waiter.wake();
    }
  };

  return {
    wait: (name: PortfolioName, isNew: (now: Last) => boolean, signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const wake = (): void => {
          waiting.delete(waiter);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        const waiter = { name, isNew, wake };
        waiting.add(waiter);
        signal.addEventListener('abort', wake, { once: true });
        if (!isLooking) void look();
      }),
    stop(): void {
      isStopped = true;
    },
  };
}

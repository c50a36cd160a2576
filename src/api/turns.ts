import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { ExposureQueries } from '../queries/types.ts';

/** What an operation may cost, in items, without waiting for its turn: each example of graphql/examples costs less. */
export const PLAIN_COST = 5_000;
/** Dear operations that are executed at the same time. */
const AT_ONCE = 1;
/** Longest that is waited after a question of a dear operation. */
const LONGEST_REST_MS = 250;

/** Whether an operation of that cost takes turns with its like, on a thread of its own, and asks one question at a time. */
export const isDear = (cost: number | undefined): boolean => (cost ?? 0) > PLAIN_COST;

interface Waiter {
  readonly begin: () => void;
}

/** Turns for dear operations: whatever they cost, the others go on beside them. Tenants that wait take turns. */
export interface Turns {
  /**
   * Resolves when it is this tenant's turn, with what has to be called at its end.
   * @throws AppError CANCELLED where `signal` aborts before, QUERY_TIMEOUT where `deadline` (ms since 1970) is over
   */
  wait(tenant: string, deadline: number, signal: AbortSignal): Promise<() => void>;
}

export function createTurns(atOnce = AT_ONCE): Turns {
  // In the order in which tenants come next.
  const waiting = new Map<string, Waiter[]>();
  let running = 0;

  function beginNext(): void {
    const [next] = waiting;
    if (next === undefined || running >= atOnce) return;
    const [tenant, waiters] = next;
    const waiter = waiters.shift();
    waiting.delete(tenant);
    if (waiters.length > 0) waiting.set(tenant, waiters);
    // Nobody is kept without a waiter.
    running++;
    waiter?.begin();
  }

  function end(): void {
    running--;
    beginNext();
  }

  function leave(tenant: string, waiter: Waiter): void {
    const others = (waiting.get(tenant) ?? []).filter((other) => other !== waiter);
    if (others.length > 0) waiting.set(tenant, others);
    else waiting.delete(tenant);
  }

  return {
    wait(tenant, deadline, signal) {
      return new Promise((resolve, reject) => {
        const late = setTimeout(() => giveUp('QUERY_TIMEOUT'), Math.max(0, deadline - Date.now()));
        const cancel = () => giveUp('CANCELLED');
        const settle = () => {
          clearTimeout(late);
          signal.removeEventListener('abort', cancel);
        };
        const waiter: Waiter = {
          begin() {
            settle();
            resolve(once(end));
          },
        };
        const giveUp = (code: 'QUERY_TIMEOUT' | 'CANCELLED') => {
          settle();
          leave(tenant, waiter);
          reject(new AppError(code, 'The turn of this operation did not come.'));
        };
        if (signal.aborted) return cancel();
        signal.addEventListener('abort', cancel, { once: true });
        waiting.set(tenant, [...(waiting.get(tenant) ?? []), waiter]);
        beginNext();
      });
    },
  };
}

/**
 * The same questions. Where what they are asked for is dear, they are asked one after the other, and after each others
 * have the database and the index for as long as it took.
 */
export function askInTurns(queries: ExposureQueries, cost: () => number | undefined): ExposureQueries {
  let last: Promise<unknown> = Promise.resolve();
  const entries = Object.entries(queries).map(([name, question]: [string, (...args: never[]) => unknown]) => {
    if (name === 'within' || name === 'seenBy') return [name, question] as const;
    const inTurn = async (...args: never[]): Promise<unknown> => {
      if (!isDear(cost())) return question(...args);
      let begun = 0;
      const asked = last.then(() => {
        begun = performance.now();
        return question(...args);
      });
      last = asked.catch(() => undefined).then(() => sleep(Math.min(performance.now() - begun, LONGEST_REST_MS)));
      return asked;
    };
    return [name, inTurn] as const;
  });
  return Object.fromEntries(entries) as unknown as ExposureQueries;
}

function once(run: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    run();
  };
}

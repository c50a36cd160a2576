import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { Logger } from '../logger.ts';

const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 5_000;

/** Waits before the attempt that follows `failures` failed ones; ends early, without error, when `signal` aborts. */
export async function pauseAfter(failures: number, signal: AbortSignal): Promise<void> {
  const pause = Math.min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE);
  await sleep(pause, undefined, { signal }).catch(() => undefined);
}

/**
 * Does `work` again, without limit, as long as it fails in a way that a retry may cure: a server that is away is waited
 * for. FENCED is not waited for, since somebody has to look at the position again.
 * @returns undefined where `signal` aborted first
 * @throws what `work` threw and no retry cures
 */
export async function untilDone<T>(
  work: () => Promise<T>,
  { signal, logger }: { readonly signal: AbortSignal; readonly logger: Logger },
): Promise<T | undefined> {
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AppError && error.retryable) || error.code === 'FENCED') throw error;
      if (signal.aborted) return undefined;
      logger.warn({ code: error.code, reason: error.message, failures }, 'a server is away, trying again');
      await pauseAfter(failures, signal);
    }
  }
  return undefined;
}

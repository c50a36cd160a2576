import { setImmediate as othersHadTheirs } from 'node:timers/promises';
import { AppError } from '../../errors.ts';

/** How long an execution goes on before others are answered, in ms. */
const SLICE_MS = 2;
/** The part of the time that it gets at least, however much others ask for, and how long it then goes on at most. */
const LEAST_SHARE = 0.2;
const LONGEST_SLICE_MS = 10;

/** Slices of time of one execution: a long answer is put together bit by bit, and others are answered in between. */
export interface Pace {
  /** Whether others are to be answered first. */
  isUsedUp(): boolean;
  /**
   * Resolves when it goes on. Many parts of an answer may rest at once: they go on one after the other.
   * @throws AppError CANCELLED where nobody waits any more, QUERY_TIMEOUT where its time is over
   */
  rest(): Promise<void>;
}

/** `deadline`: ms since 1970. */
export function createPace(
  { deadline, signal }: { readonly deadline: number; readonly signal: AbortSignal },
  longest = LONGEST_SLICE_MS,
): Pace {
  const resting: (() => void)[] = [];
  let isWaking = false;
  let slice = Math.min(SLICE_MS, longest);
  let begun = performance.now();
  const isUsedUp = (): boolean => performance.now() - begun > slice;

  async function wakeThemAll(): Promise<void> {
    isWaking = true;
    while (resting.length > 0) {
      const ended = performance.now();
      await othersHadTheirs();
      begun = performance.now();
      const share = ((begun - ended) * LEAST_SHARE) / (1 - LEAST_SHARE);
      slice = Math.min(Math.max(SLICE_MS, share), longest);
      do {
        resting.shift()?.();
        // What was woken goes on until it ends, waits, or rests again.
        await undefined;
      } while (resting.length > 0 && !isUsedUp());
    }
    isWaking = false;
  }

  return {
    isUsedUp,
    async rest() {
      await new Promise<void>((resolve) => {
        resting.push(resolve);
        if (!isWaking) void wakeThemAll();
      });
      if (signal.aborted) throw new AppError('CANCELLED', 'Nobody waits for the answer any more.');
      if (Date.now() > deadline) throw new AppError('QUERY_TIMEOUT', 'The answer took longer than its time limit.');
    },
  };
}

import { AppError } from '../errors.ts';
import { SLICE_BYTES, SLICE_MESSAGES, type StreamSlice } from './slices.ts';

/** Deals with all of the slices, or fails for all and may be called again. */
export type HandleTogether = (slices: readonly StreamSlice[]) => Promise<void>;

export interface TogetherOptions {
  /** Groups that are handled side by side. */
  readonly atOnce: number;
  /** Whether a group failed by something that no slice of it has to do with: a server that is away. */
  readonly isOfAll: (error: unknown) => boolean;
}

/** Partitions of one fetch that a consumer works on at the same time, so that small slices of many of them meet. */
export const PARTITIONS_AT_ONCE = 64;

interface Waiting {
  readonly slice: StreamSlice;
  readonly signal: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Failure {
  readonly error: unknown;
}

const NOT_WANTED: Failure = { error: new AppError('CANCELLED', 'Nobody waits for the slice any more.') };

/**
 * Handles slices of different partitions that wait at the same time together, since what a transaction costs by itself
 * is far more than what a small slice adds to it. Where a group fails by something that may lie in one of them, each is
 * handled by itself.
 * @returns handles one slice; rejects with what went wrong with it, and with AppError CANCELLED where `signal` has
 *   aborted before its turn came
 */
export function handleTogether(
  handle: HandleTogether,
  { atOnce, isOfAll }: TogetherOptions,
): (slice: StreamSlice, signal: AbortSignal) => Promise<void> {
  const waiting: Waiting[] = [];
  let running = 0;

  const run = async (): Promise<void> => {
    running++;
    // The slices of one fetch come one right after the other.
    await new Promise(setImmediate);
    for (let group = takeGroup(waiting); group.length > 0; group = takeGroup(waiting)) await settle(group);
    running--;
  };

  const settle = async (group: readonly Waiting[]): Promise<void> => {
    let failure = await attempt(group);
    if (failure === undefined || group.length === 1 || isOfAll(failure.error)) return answer(group, failure);
    for (const one of group) {
      // What is away for one is away for those after it.
      if (!isOfAll(failure?.error)) failure = one.signal.aborted ? NOT_WANTED : await attempt([one]);
      answer([one], failure);
    }
  };

  const attempt = (group: readonly Waiting[]): Promise<Failure | undefined> =>
    handle(group.map(({ slice }) => slice)).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );

  return (slice, signal) =>
    new Promise((resolve, reject) => {
      waiting.push({ slice, signal, resolve, reject });
      if (running < atOnce) void run();
    });
}

function answer(group: readonly Waiting[], failure: Failure | undefined): void {
  for (const { resolve, reject } of group) failure === undefined ? resolve() : reject(failure.error);
}

/** Takes as many as one transaction holds. */
function takeGroup(waiting: Waiting[]): Waiting[] {
  const group: Waiting[] = [];
  let [messages, bytes] = [0, 0];
  for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
    if (next.signal.aborted) {
      waiting.shift();
      answer([next], NOT_WANTED);
      continue;
    }
    messages += next.slice.records.length;
    bytes += next.slice.records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    if (group.length > 0 && (messages > SLICE_MESSAGES || bytes > SLICE_BYTES)) break;
    waiting.shift();
    group.push(next);
  }
  return group;
}

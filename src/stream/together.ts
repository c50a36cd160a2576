import { AppError } from '../errors.ts';
import { SLICE_BYTES, SLICE_MESSAGES, type StreamSlice } from './slices.ts';

/** Deals with all of the slices, or fails and leaves them as they were. */
export type HandleTogether = (slices: readonly StreamSlice[]) => Promise<void>;

interface Waiting {
  readonly slice: StreamSlice;
  readonly signal: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Handles slices of different partitions that wait at the same time together, since what a transaction costs by itself
 * is far more than what a small slice adds to it; at most `atOnce` such groups side by side. Where a group fails by
 * something that may lie in one of them, each is handled by itself.
 * @returns handles one slice; rejects with what went wrong with it, and with AppError CANCELLED where `signal` has
 *   aborted before its turn came
 */
export function handleTogether(
  handle: HandleTogether,
  atOnce: number,
): (slice: StreamSlice, signal: AbortSignal) => Promise<void> {
  const waiting: Waiting[] = [];
  let running = 0;

  const run = async (): Promise<void> => {
    running++;
    // The slices of one fetch come one right after the other.
    await new Promise(setImmediate);
    for (let group = takeGroup(waiting); group.length > 0; group = takeGroup(waiting)) await settle(group, handle);
    running--;
  };

  return (slice, signal) =>
    new Promise((resolve, reject) => {
      waiting.push({ slice, signal, resolve, reject });
      if (running < atOnce) void run();
    });
}

function takeGroup(waiting: Waiting[]): Waiting[] {
  const group: Waiting[] = [];
  let [messages, bytes] = [0, 0];
  for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
    messages += next.slice.records.length;
    bytes += next.slice.records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    if (group.length > 0 && (messages > SLICE_MESSAGES || bytes > SLICE_BYTES)) break;
    waiting.shift();
    if (next.signal.aborted) next.reject(new AppError('CANCELLED', 'The slice is not wanted any more.'));
    else group.push(next);
  }
  return group;
}

async function settle(group: readonly Waiting[], handle: HandleTogether): Promise<void> {
  try {
    await handle(group.map(({ slice }) => slice));
    for (const { resolve } of group) resolve();
  } catch (error) {
    if (group.length === 1 || isOfAll(error)) {
      for (const { reject } of group) reject(error);
      return;
    }
    for (const one of group) await settle([one], handle);
  }
}

/** A server that is away is so for each of them. */
const isOfAll = (error: unknown): boolean =>
  error instanceof AppError && (error.code === 'DATABASE_UNAVAILABLE' || error.code === 'STREAM_UNAVAILABLE');

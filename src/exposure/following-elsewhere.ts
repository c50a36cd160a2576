import { AppError, type ErrorCode } from '../errors.ts';
import { startThread } from '../program.ts';
import type { ChangeSlice, Follow } from './following.ts';

/** What the thread that reads Kafka is given when it begins. */
export interface FollowerSettings {
  readonly kafkaBrokers: readonly string[];
  readonly logLevel: string;
  readonly topics: readonly string[];
  readonly positions: ReadonlyMap<string, number>;
}

/** A slice whose values lie one behind the other; -1 is the length of one that is null. */
export interface PackedSlice extends Omit<ChangeSlice, 'values'> {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly lengths: Int32Array<ArrayBuffer>;
}

interface Failed {
  readonly kind: 'failed';
  /** Absent where it was no AppError. */
  readonly code?: ErrorCode | undefined;
  readonly message: string;
}

export type FromFollower = { readonly kind: 'slices'; readonly slices: readonly PackedSlice[] } | Failed;

/** What has become of the slices that it has sent; or that it shall end. */
export type ToFollower = { readonly kind: 'done' } | Failed | { readonly kind: 'stop' };

/** A thread that waits for Kafka is not waited for: all that it would still do is to delete its group there. */
const LONGEST_STOP_MS = 6_000;
/** Most that the thread's young generation takes: what it makes is gone at once. */
const MOST_YOUNG_MB = 16;

/**
 * Follows topics on a thread of its own, since taking apart what Kafka sends keeps a thread busy for a millisecond and
 * more at a time: what is left for this one is to apply the changes, piece by piece.
 */
export function followElsewhere({
  kafkaBrokers,
  logLevel,
}: Pick<FollowerSettings, 'kafkaBrokers' | 'logLevel'>): Follow {
  return async ({ topics, positions, handle }, signal) => {
    const begin: FollowerSettings = { kafkaBrokers, logLevel, topics, positions };
    const thread = startThread('follower', begin, {
      resourceLimits: { maxYoungGenerationSizeMb: MOST_YOUNG_MB },
    });
    const post = (message: ToFollower): void => thread.postMessage(message);
    let ending: NodeJS.Timeout | undefined;
    const stop = (): void => {
      post({ kind: 'stop' });
      ending = setTimeout(() => void thread.terminate(), LONGEST_STOP_MS);
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      await new Promise<void>((resolve, reject) => {
        let failure: Error | undefined;
        thread.on('message', (message: FromFollower) => {
          if (message.kind === 'failed') failure = toError(message);
          else
            void Promise.resolve(message.slices)
              .then((slices) => handle(slices.map(unpack)))
              .then(
                () => post({ kind: 'done' }),
                (error) => post(failed(error)),
              );
        });
        thread.once('error', (error) => {
          failure = new AppError('STREAM_UNAVAILABLE', 'The thread that reads the changes has failed.', {}, error);
        });
        thread.once('exit', () => (failure === undefined ? resolve() : reject(failure)));
      });
      if (!signal.aborted) throw new AppError('STREAM_UNAVAILABLE', 'The thread that reads the changes has ended.');
    } finally {
      clearTimeout(ending);
      signal.removeEventListener('abort', stop);
    }
  };
}

export function failed(error: unknown): Failed {
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'failed', code: error instanceof AppError ? error.code : undefined, message };
}

export const toError = ({ code, message }: Failed): Error =>
  code === undefined ? new Error(message) : new AppError(code, message);

export function pack({ values, ...slice }: ChangeSlice): PackedSlice {
  const lengths = Int32Array.from(values, (value) => value?.length ?? -1);
  const bytes = new Uint8Array(values.reduce((sum, value) => sum + (value?.length ?? 0), 0));
  let at = 0;
  for (const value of values) {
    if (value === null) continue;
    bytes.set(value, at);
    at += value.length;
  }
  return { ...slice, bytes, lengths };
}

export function unpack({ bytes, lengths, ...slice }: PackedSlice): ChangeSlice {
  let at = 0;
  const values = Array.from(lengths, (length) => {
    if (length < 0) return null;
    at += length;
    return bytes.subarray(at - length, at);
  });
  return { ...slice, values };
}

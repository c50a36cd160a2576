/** How often a heartbeat is sent. */
const EVERY_MS = 1_000;

export interface Pulse {
  /** Aborts when a heartbeat fails, since the membership is lost or about to be, and when `until` does. */
  readonly signal: AbortSignal;
  /** Whether a heartbeat has failed. */
  isLost(): boolean;
  /** @throws the heartbeat's error, so that the client acts on it */
  check(): void;
  stop(): void;
}

/**
 * Keeps a group membership alive while a batch is worked on: the client sends heartbeats only when told to.
 * A heartbeat that fails (the group is rebalancing, the broker is away) is kept and thrown by `check`, so that the work
 * ends between two slices and not in the middle of one.
 */
export function startPulse(heartbeat: () => Promise<void>, until?: AbortSignal): Pulse {
  const lost = new AbortController();
  const ended = new AbortController();
  const end = (): void => ended.abort();
  const timer = setInterval(() => {
    heartbeat().catch((error: unknown) => {
      clearInterval(timer);
      lost.abort(error);
      end();
    });
  }, EVERY_MS);
  // Not by AbortSignal.any: what outlives it by far keeps something of every one, for ever.
  until?.addEventListener('abort', end);
  if (until?.aborted) end();
  return {
    signal: ended.signal,
    isLost: () => lost.signal.aborted,
    check: () => lost.signal.throwIfAborted(),
    stop() {
      clearInterval(timer);
      until?.removeEventListener('abort', end);
    },
  };
}

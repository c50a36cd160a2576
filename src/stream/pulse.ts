export interface Pulse {
  /** Aborts when a heartbeat fails: the membership is lost or about to be. */
  readonly signal: AbortSignal;
  /** @throws the heartbeat's error, so that the client acts on it */
  check(): void;
  stop(): void;
}

/**
 * Keeps a group membership alive while a batch is worked on: the client sends heartbeats only when told to.
 * A heartbeat that fails (the group is rebalancing, the broker is away) is kept and thrown by `check`, so that the work
 * ends between two slices and not in the middle of one.
 */
export function startPulse(heartbeat: () => Promise<void>, interval = 1_000): Pulse {
  const lost = new AbortController();
  const timer = setInterval(() => {
    heartbeat().catch((error: unknown) => {
      clearInterval(timer);
      lost.abort(error);
    });
  }, interval);
  return {
    signal: lost.signal,
    check: () => lost.signal.throwIfAborted(),
    stop: () => clearInterval(timer),
  };
}

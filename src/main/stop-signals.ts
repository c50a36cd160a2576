/** Signals within this time are one: on a Ctrl-C the terminal sends one, and npm passes on another. */
const SAME_MS = 1_000;

/**
 * Turns Ctrl-C, SIGTERM and the end of the terminal into an abort signal. A second one, from a person who doesn't want
 * to wait, calls `hurry`.
 */
export function listenForStop(hurry: () => void): AbortSignal {
  const stopping = new AbortController();
  let askedAt = 0;
  const asked = () => {
    if (!stopping.signal.aborted) {
      askedAt = Date.now();
      stopping.abort();
    } else if (Date.now() - askedAt > SAME_MS) {
      hurry();
    }
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, asked);
  return stopping.signal;
}

/** Fulfilled when `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

import type { OutgoingMessage } from '../stream/producer.ts';

const BATCH_MESSAGES = 2_000;
const BATCH_BYTES = 4 * 1024 * 1024;
/** Batches on their way at a time; with the largest documents that is some 80 MB. */
const MOST_IN_FLIGHT = 4;

export interface Batches {
  /** Resolves when the message is taken; waits while enough is on its way. @throws what an earlier batch failed with */
  add(message: OutgoingMessage): Promise<void>;
  /** Resolves when all that was taken is durable. */
  close(): Promise<void>;
}

/** Gathers messages into batches and keeps a bounded number of them on their way. */
export function createBatches(send: (messages: readonly OutgoingMessage[]) => Promise<void>): Batches {
  let batch: OutgoingMessage[] = [];
  let bytes = 0;
  let failure: { readonly error: unknown } | undefined;
  const inFlight = new Set<Promise<void>>();

  const flush = () => {
    if (batch.length === 0) return;
    const sending = send(batch)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => inFlight.delete(sending));
    inFlight.add(sending);
    batch = [];
    bytes = 0;
  };
  const check = () => {
    if (failure !== undefined) throw failure.error;
  };

  return {
    async add(message) {
      check();
      batch.push(message);
      bytes += message.value.length;
      if (batch.length < BATCH_MESSAGES && bytes < BATCH_BYTES) return;
      flush();
      while (inFlight.size >= MOST_IN_FLIGHT) await Promise.race(inFlight);
      check();
    },
    async close() {
      flush();
      await Promise.all(inFlight);
      check();
    },
  };
}

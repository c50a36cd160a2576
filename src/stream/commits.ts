import type { Consumer } from 'kafkajs';
import { positionKey } from './positions.ts';

/** How often Kafka is told, in ms. */
const EVERY_MS = 1_000;

/**
 * Tells Kafka now and then how far a member is, for whoever watches its group with Kafka's own tools. Nothing here reads
 * it, so nothing waits for it; what can't be told is told when partitions are next handed out.
 */
export function createCommits(consumer: Pick<Consumer, 'commitOffsets'>) {
  const untold = new Map<string, { topic: string; partition: number; offset: string }>();

  let told: Promise<unknown> = Promise.resolve();

  // One after the other: what is tried again must not come after what is newer.
  const tell = (): void => {
    const offsets = [...untold.values()];
    untold.clear();
    told = told.then(() => consumer.commitOffsets(offsets)).catch(() => undefined);
  };

  return {
    note(topic: string, partition: number, next: number): void {
      if (untold.size === 0) setTimeout(tell, EVERY_MS).unref();
      untold.set(positionKey(topic, partition), { topic, partition, offset: String(next) });
    },
  };
}

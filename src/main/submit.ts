import { setTimeout as sleep } from 'node:timers/promises';
import type { TypedEvent } from '../../consumers/document.ts';
import { AppError } from '../errors.ts';
import type { OffsetStore } from '../graph/offsets.ts';
import type { StreamProducer } from '../stream/producer.ts';
import { GROUPS } from '../stream/topics.ts';
import { eventMessage } from './fan-out-stage.ts';

export interface SubmitDeps {
  readonly producer: StreamProducer;
  readonly offsets: Pick<OffsetStore, 'read'>;
  /** How long the event may take to come into the graph, in ms. */
  readonly patience: number;
}

/**
 * Puts what a user says on its topic, and returns when it is in the graph.
 * @throws AppError CHANGE_PENDING where that takes longer: it is accepted, and will come; STREAM_UNAVAILABLE where the
 *   stream did not take it
 */
export type Submit = (event: TypedEvent) => Promise<void>;

const FIRST_LOOK_MS = 10;
const LONGEST_PAUSE_MS = 200;

/** `Submit` over Kafka and the positions that the graph stage stores with what it writes. */
export function createSubmit({ producer, offsets, patience }: SubmitDeps): Submit {
  return async (event) => {
    const { topic, partition, offset } = await producer.append(event.topic, eventMessage(event));
    const end = Date.now() + patience;
    for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
      await sleep(pause);
      const stored = await offsets.read(GROUPS.graph, topic, partition);
      if (stored !== undefined && stored.next > offset) return;
      if (Date.now() >= end) {
        throw new AppError('CHANGE_PENDING', 'The change is accepted, but not in the graph yet.', { event: event.id });
      }
    }
  };
}

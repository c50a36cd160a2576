import type { Consumer, EachBatchPayload } from 'kafkajs';
import { AppError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { createCommits } from './commits.ts';
import type { Kafka } from './kafka.ts';
import { type Assigned, locate, type PositionStore, type Positions, positionKey } from './positions.ts';
import { type Pulse, startPulse } from './pulse.ts';
import { untilDone } from './retry.ts';
import { type StreamSlice, slices } from './slices.ts';

export interface AssignmentOptions {
  readonly kafka: Kafka;
  readonly group: string;
  readonly store: PositionStore;
  readonly logger: Logger;
  /**
   * Returns when what the slice says is durable and the stored position is the slice's `next`.
   * Throws AppError FENCED where the stored position was not `from`; a retryable AppError where a server is away.
   * Anything else ends the membership. `signal` aborts when nobody waits for the slice any more.
   */
  handle(slice: StreamSlice, signal: AbortSignal): Promise<void>;
}

export interface Assignment {
  /** The group has handed out its partitions anew. */
  begin(assigned: Assigned): void;
  eachBatch(payload: EachBatchPayload): Promise<void>;
}

/**
 * What one member does with the partitions it was given, generation after generation. `fail` is told what ends the
 * membership; it is called instead of throwing, since the client would retry whatever a batch throws.
 */
export function createAssignment(
  { kafka, store, group, handle, logger }: AssignmentOptions,
  consumer: Consumer,
  signal: AbortSignal,
  fail: (error: unknown) => void,
): Assignment {
  let generation: Promise<Positions | undefined> = Promise.resolve(undefined);
  const commits = createCommits(consumer);

  const locateAll = (assigned: Assigned) => untilDone(() => locate(kafka, store, group, assigned), { signal, logger });

  const locateOne = async (topic: string, partition: number): Promise<number | undefined> =>
    (await locateAll({ [topic]: [partition] }))?.get(positionKey(topic, partition));

  const seek = (topic: string, partition: number, next: number) =>
    consumer.seek({ topic, partition, offset: String(next) });

  const beginAt = (assigned: Assigned, positions: Positions | undefined): void => {
    for (const [topic, partitions] of Object.entries(assigned)) {
      for (const partition of partitions) {
        const next = positions?.get(positionKey(topic, partition));
        if (next === undefined) continue;
        seek(topic, partition, next);
        commits.note(topic, partition, next);
      }
    }
  };

  /** Looks the position up again, and fetches from there. */
  const relocate = async (positions: Positions, topic: string, partition: number): Promise<void> => {
    const next = await locateOne(topic, partition);
    if (next === undefined) return;
    positions.set(positionKey(topic, partition), next);
    seek(topic, partition, next);
  };

  /**
   * Kafka hands out an earlier place than asked for where the log no longer has it, and a later one where positions hold
   * no message. Only the latter is fine, and only while nobody else has moved the position.
   */
  const isExpected = async (topic: string, partition: number, from: number, first: number): Promise<boolean> =>
    first === from || (first > from && (await locateOne(topic, partition)) === from);

  const consume = async (payload: EachBatchPayload, pulse: Pulse, positions: Positions): Promise<void> => {
    const { batch, isRunning, isStale, resolveOffset } = payload;
    const { topic, partition } = batch;
    const key = positionKey(topic, partition);
    const from = positions.get(key);
    if (from === undefined || isStale()) return;
    const first = Number(batch.firstOffset());
    if (!(await isExpected(topic, partition, from, first))) return relocate(positions, topic, partition);
    for (const slice of slices(batch, from)) {
      if (!isRunning() || isStale()) return;
      const work = () => handle(slice, pulse.signal).then(() => true);
      const done = await untilDone(work, { signal: pulse.signal, logger });
      if (done !== true) break;
      positions.set(key, slice.next);
      resolveOffset(String(slice.next - 1));
      commits.note(topic, partition, slice.next);
    }
    pulse.check();
  };

  const recover = async (error: unknown, { topic, partition }: EachBatchPayload['batch']): Promise<void> => {
    if (!(error instanceof AppError && error.code === 'FENCED')) return fail(error);
    logger.warn({ topic, partition }, 'another consumer wrote this partition, going on from its position');
    const positions = await generation;
    if (positions !== undefined) await relocate(positions, topic, partition).catch(fail);
  };

  return {
    begin(assigned) {
      generation = locateAll(assigned);
      generation.then((positions) => beginAt(assigned, positions)).catch(fail);
    },

    async eachBatch(payload) {
      const pulse = startPulse(payload.heartbeat, signal);
      try {
        const positions = await generation;
        if (positions !== undefined) await consume(payload, pulse, positions);
      } catch (error) {
        // The client's own errors go back to it: it joins again, or gives up and is started anew.
        if (isKafkaError(error) || pulse.isLost()) throw error;
        await recover(error, payload.batch);
      } finally {
        pulse.stop();
      }
    },
  };
}

export function isKafkaError(error: unknown): boolean {
  return error instanceof Error && error.name.startsWith('KafkaJS');
}

import { parentPort, workerData } from 'node:worker_threads';
import { createLogger } from '../logger.ts';
import { createKafka } from '../stream/kafka.ts';
import { positionKey } from '../stream/positions.ts';
import { followHere } from './following.ts';
import {
  type FollowerSettings,
  type FromFollower,
  failed,
  pack,
  type ToFollower,
  toError,
} from './following-elsewhere.ts';

/** The thread that reads changes for the thread of the index. */
async function main({ kafkaBrokers, logLevel, topics, positions }: FollowerSettings): Promise<void> {
  const logger = createLogger(logLevel, 'exposure');
  const stopping = new AbortController();
  const send = (message: FromFollower, transfer: ArrayBuffer[] = []): void =>
    parentPort?.postMessage(message, transfer);
  let answer = (_message: ToFollower): void => undefined;
  parentPort?.on('message', (message: ToFollower) => {
    if (message.kind === 'stop') stopping.abort();
    else answer(message);
  });
  const reached = new Map(positions);
  const follow = followHere(createKafka(kafkaBrokers, logger), logger);
  await follow(
    {
      topics,
      positions: reached,
      handle: async (slices) => {
        const packed = slices.map(pack);
        await new Promise<void>((resolve, reject) => {
          answer = (message) => (message.kind === 'failed' ? reject(toError(message)) : resolve());
          send(
            { kind: 'slices', slices: packed },
            packed.flatMap(({ bytes, lengths }) => [bytes.buffer, lengths.buffer]),
          );
        });
        for (const { topic, partition, next } of slices) reached.set(positionKey(topic, partition), next);
      },
    },
    stopping.signal,
  ).catch((error: unknown) => send(failed(error)));
  // Whatever the client for Kafka still waits for.
  process.exit();
}

void main(workerData as FollowerSettings);

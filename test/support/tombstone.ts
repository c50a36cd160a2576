import type { Kafka } from '../../src/stream/kafka.ts';

/** Sends a message with no value, which AVD's own producer can't. */
export async function withNullValue(kafka: Kafka, topic: string): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic, messages: [{ key: 'gone', value: null }] });
  await producer.disconnect();
}

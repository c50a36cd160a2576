import { type Kafka, type Message, Partitioners, type PartitionMetadata, type Producer } from 'kafkajs';
import { AppError } from '../errors.ts';
import { withAdmin } from './kafka.ts';

/** What is sent: the key decides the partition. */
export interface OutgoingMessage {
  readonly key: string | Buffer;
  readonly value: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface StreamProducer {
  connect(): Promise<void>;
  /**
   * Resolves when every message is on all in-sync replicas. Messages of one key keep their order.
   * On an error some may be there and some not: sending all of them again is always right, since readers fold.
   * @throws AppError STREAM_UNAVAILABLE when the broker stays away; LIMIT_EXCEEDED when a message is too large.
   */
  send(topic: string, messages: readonly OutgoingMessage[]): Promise<void>;
  /** Sends one message and tells where it lies now. @throws as `send` */
  append(topic: string, message: OutgoingMessage): Promise<Place>;
  close(): Promise<void>;
}

/** Where a message lies. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** One request carries about this much; a larger message travels alone. */
const REQUEST_BYTES = 1024 * 1024;
const REQUEST_MESSAGES = 5_000;

const choosePartition = Partitioners.DefaultPartitioner();

/**
 * A producer that loses nothing when a broker dies: each request goes to one partition, because the client forgets
 * messages of a request that spans several. Requests to different partitions run side by side, those to one in order.
 */
export function createProducer(kafka: Kafka): StreamProducer {
  let current: Promise<Producer> | undefined;
  const partitionsOf = new Map<string, Promise<PartitionMetadata[]>>();
  const queues = createQueues();

  const connected = (): Promise<Producer> => {
    current ??= open(kafka).catch((error: unknown) => {
      current = undefined;
      throw error;
    });
    return current;
  };

  const partitions = (topic: string): Promise<PartitionMetadata[]> => {
    const known = partitionsOf.get(topic);
    if (known !== undefined) return known;
    const fetched = fetchPartitions(kafka, topic);
    partitionsOf.set(topic, fetched);
    fetched.catch(() => partitionsOf.delete(topic));
    return fetched;
  };

  // An idempotent producer that gave up on a request has a hole in its sequence numbers: the next request needs another.
  const discard = async (failed: Producer): Promise<void> => {
    if ((await current?.catch(() => undefined)) === failed) current = undefined;
    await failed.disconnect().catch(() => undefined);
  };

  /** @returns the offset of the first message */
  const sendChunk = async (topic: string, messages: Message[]): Promise<number> => {
    const producer = await connected();
    try {
      const [sent] = await producer.send({ topic, messages, acks: -1 });
      return Number(sent?.baseOffset);
    } catch (error) {
      await discard(producer);
      throw error;
    }
  };

  return {
    async connect() {
      await connected();
    },

    async send(topic, messages) {
      if (messages.length === 0) return;
      try {
        const lanes = new Map<number, Message[]>();
        const metadata = await partitions(topic);
        for (const message of messages) {
          const ready = placed(message, topic, metadata);
          const lane = lanes.get(ready.partition);
          if (lane === undefined) lanes.set(ready.partition, [ready]);
          else lane.push(ready);
        }
        const sendLane = ([partition, lane]: readonly [number, Message[]]) =>
          queues.add(topic, partition, async () => {
            for (const chunk of chunks(lane)) await sendChunk(topic, chunk);
          });
        const results = await Promise.allSettled([...lanes].map(sendLane));
        const failed = results.find((result) => result.status === 'rejected');
        if (failed !== undefined) throw failed.reason;
      } catch (error) {
        throw translate(error, topic);
      }
    },

    async append(topic, message) {
      try {
        const ready = placed(message, topic, await partitions(topic));
        const { partition } = ready;
        const offset = await queues.add(topic, partition, () => sendChunk(topic, [ready]));
        return { topic, partition, offset };
      } catch (error) {
        throw translate(error, topic);
      }
    },

    async close() {
      await queues.end();
      const producer = await current?.catch(() => undefined);
      current = undefined;
      await producer?.disconnect();
    },
  };
}

/** What is sent to one partition is sent in the order of the calls. */
function createQueues() {
  const tails = new Map<string, Promise<unknown>>();
  return {
    /** `work` sends to that partition and to no other. */
    add<T>(topic: string, partition: number, work: () => Promise<T>): Promise<T> {
      const queue = `${topic}/${partition}`;
      const previous = tails.get(queue)?.catch(() => undefined) ?? Promise.resolve();
      const sent = previous.then(work);
      tails.set(queue, sent);
      const forget = () => {
        if (tails.get(queue) === sent) tails.delete(queue);
      };
      sent.then(forget, forget);
      return sent;
    },
    /** Resolves when all that was added has been sent, or was not. */
    end: () => Promise.allSettled(tails.values()),
  };
}

/** The message with the partition that its key chooses. */
function placed({ key, value, headers }: OutgoingMessage, topic: string, partitionMetadata: PartitionMetadata[]) {
  const message: Message = { key, value: asBuffer(value), ...(headers && { headers: { ...headers } }) };
  return { ...message, partition: choosePartition({ topic, partitionMetadata, message }) };
}

async function open(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({ idempotent: true, allowAutoTopicCreation: false });
  await producer.connect();
  return producer;
}

async function fetchPartitions(kafka: Kafka, topic: string): Promise<PartitionMetadata[]> {
  const { topics } = await withAdmin(kafka, (admin) => admin.fetchTopicMetadata({ topics: [topic] }));
  const found = topics[0]?.partitions ?? [];
  if (found.length === 0) throw new AppError('STREAM_UNAVAILABLE', 'A topic has no partitions', { topic });
  return found;
}

function* chunks(messages: readonly Message[]): Generator<Message[]> {
  let chunk: Message[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = message.value?.length ?? 0;
    if (chunk.length > 0 && (bytes + size > REQUEST_BYTES || chunk.length >= REQUEST_MESSAGES)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(message);
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function translate(error: unknown, topic: string): AppError {
  if (error instanceof AppError) return error;
  const tooLarge = (error as { type?: unknown } | null)?.type === 'MESSAGE_TOO_LARGE';
  return tooLarge
    ? new AppError('LIMIT_EXCEEDED', 'A message is larger than its topic takes', { topic }, error)
    : new AppError('STREAM_UNAVAILABLE', 'Kafka did not take the messages', { topic }, error);
}

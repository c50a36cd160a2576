import type { Batch, IHeaders, KafkaMessage } from 'kafkajs';

/** One message as the stages see it. */
export interface StreamRecord {
  readonly offset: number;
  /** Milliseconds since 1970, UTC: when it was produced. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  /** null is a tombstone, which no stage accepts. */
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** Consecutive messages of one partition: positions `from` up to, not including, `next`. */
export interface StreamSlice {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly next: number;
  readonly records: readonly StreamRecord[];
}

/** What is written in one transaction: large enough to be fast, small enough for the database's memory. */
export const SLICE_MESSAGES = 5_000;
export const SLICE_BYTES = 16 * 1024 * 1024;

/**
 * Cuts a batch into slices that begin at `from` and leave no position out. Positions without a message (the markers of
 * a transactional producer) belong to the slice that follows or ends with them.
 */
export function* slices(batch: Pick<Batch, 'topic' | 'partition' | 'messages' | 'lastOffset'>, from: number) {
  const { topic, partition, messages } = batch;
  let start = from;
  for (let first = 0; first < messages.length; ) {
    const end = sliceEnd(messages, first);
    const records = messages.slice(first, end).map(record);
    const last = end === messages.length ? Number(batch.lastOffset()) : (records.at(-1)?.offset ?? start);
    const slice: StreamSlice = { topic, partition, from: start, next: last + 1, records };
    yield slice;
    start = slice.next;
    first = end;
  }
}

function sliceEnd(messages: readonly KafkaMessage[], first: number): number {
  let bytes = 0;
  let end = first;
  while (end < messages.length && end - first < SLICE_MESSAGES) {
    bytes += messages[end]?.value?.length ?? 0;
    if (end > first && bytes > SLICE_BYTES) break;
    end++;
  }
  return end;
}

function record(message: KafkaMessage): StreamRecord {
  return {
    offset: Number(message.offset),
    timestamp: Number(message.timestamp),
    key: message.key,
    value: message.value,
    headers: textHeaders(message.headers ?? {}),
  };
}

function textHeaders(headers: IHeaders): Record<string, string> {
  const text: Record<string, string> = {};
  for (const name in headers) {
    const given = headers[name];
    // A header that is there twice counts with its last value, as everywhere in Kafka.
    const value = Array.isArray(given) ? given.at(-1) : given;
    if (value !== undefined) text[name] = value.toString();
  }
  return text;
}

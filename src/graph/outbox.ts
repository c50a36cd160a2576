import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import { ChangeSetSchema } from '../stream/generated/avd/changes/v1/changes_pb.ts';
import { type Change, encodeChanges } from './changes.ts';
import { type Driver, integer, type ManagedTransaction } from './driver.ts';
import { inSession } from './offsets.ts';
import { run } from './statement.ts';
import { putOutbox, removeOutbox, takeOutbox } from './statements/outbox.ts';

export interface PendingChange extends Change {
  /** SHA-256 of the message: the same change has the same id however often it is sent. */
  readonly id: string;
}

export interface PendingChanges {
  readonly id: string;
  readonly changes: readonly PendingChange[];
}

export interface Outbox {
  /** What waits to be published, the oldest first; at most `limit` transactions' worth. */
  take(limit: number): Promise<PendingChanges[]>;
  /** Call when they are published: what is taken and not removed is taken again. */
  remove(ids: readonly string[]): Promise<void>;
}

/** Changes that were committed with what they tell of, and have not been published yet. */
export function createOutbox(driver: Driver): Outbox {
  return {
    async take(limit) {
      const rows = await inSession(driver, 'READ', (tx) => run(tx, takeOutbox, { limit: integer(limit) }));
      // One that another process has published and removed while it was being read comes without its payload.
      return rows.flatMap(({ id, payload }) => (payload === null ? [] : [{ id, changes: decode(payload) }]));
    },
    async remove(ids) {
      await inSession(driver, 'WRITE', (tx) => run(tx, removeOutbox, { ids }));
    },
  };
}

/** Puts what a transaction has changed beside it, so that both are committed or neither. `id` is unique. */
export async function putChanges(tx: ManagedTransaction, id: string, changes: readonly Change[]): Promise<void> {
  if (changes.length > 0) {
    await run(tx, putOutbox, { id, payload: encode(changes) });
  }
}

/**
 * Deflated to a twelfth: bytes are what an entry costs, in the driver, in the transaction log and in the store. The driver
 * takes signed ones only.
 */
function encode(changes: readonly Change[]): Int8Array {
  const bytes = deflateRawSync(encodeChanges(changes), { level: 1 });
  return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function decode(payload: Int8Array): PendingChange[] {
  const bytes = inflateRawSync(new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength));
  return fromBinary(ChangeSetSchema, bytes).changes.map(({ topic, key, value }) => ({
    topic,
    key,
    value: new Uint8Array(value),
    id: createHash('sha256').update(topic).update('\0').update(value).digest('hex'),
  }));
}

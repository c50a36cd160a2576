import type { integer } from '../driver.ts';
import { statement } from '../statement.ts';

type Int = ReturnType<typeof integer>;

export const putOutbox = statement<{ id: string; payload: Int8Array }, Record<string, never>>(
  'outbox.put',
  'CREATE (:Outbox {id: $id, createdAt: timestamp(), payload: $payload})',
);

/** The oldest first. Rows of one millisecond come in any order, which does no harm: see changes.proto. */
export const takeOutbox = statement<{ limit: Int }, { id: string; payload: Int8Array | null }>(
  'outbox.take',
  'MATCH (o:Outbox) WITH o ORDER BY o.createdAt, o.id LIMIT $limit RETURN o.id AS id, o.payload AS payload',
);

export const removeOutbox = statement<{ ids: readonly string[] }, Record<string, never>>(
  'outbox.remove',
  'UNWIND $ids AS id MATCH (o:Outbox {id: id}) DELETE o',
);

import { statement } from '../statement.ts';
import type { integer } from '../driver.ts';

type Int = ReturnType<typeof integer>;

export interface OffsetRow {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly first: number;
  readonly next: number;
  readonly applied: number;
  readonly superseded: number;
  readonly filtered: number;
  readonly deadLettered: number;
}

const ROW = `o.group AS group, o.topic AS topic, o.partition AS partition, o.first AS first, o.next AS next,
  o.applied AS applied, o.superseded AS superseded, o.filtered AS filtered, o.deadLettered AS deadLettered`;

export const readOffset = statement<{ id: string }, OffsetRow>(
  'offset.read',
  `MATCH (o:StreamOffset {id: $id}) RETURN ${ROW}`,
);

export const allOffsets = statement<Record<string, never>, OffsetRow>(
  'offset.all',
  `MATCH (o:StreamOffset) RETURN ${ROW} ORDER BY group, topic, partition`,
);

/**
 * Moves a position on from `from` to `next`. No row comes back where the stored position is another: somebody else has
 * written since, and the transaction must be given up. MERGE takes the lock that makes two writers of one partition wait
 * for each other.
 */
export const advanceOffset = statement<
  {
    id: string;
    group: string;
    topic: string;
    partition: Int;
    from: Int;
    next: Int;
    applied: Int;
    superseded: Int;
    filtered: Int;
    deadLettered: Int;
  },
  { next: number }
>(
  'offset.advance',
  `MERGE (o:StreamOffset {id: $id})
   ON CREATE SET o.group = $group, o.topic = $topic, o.partition = $partition, o.first = $from, o.next = $from,
     o.applied = 0, o.superseded = 0, o.filtered = 0, o.deadLettered = 0
   REMOVE o.lock
   WITH o WHERE o.next = $from
   SET o.next = $next, o.applied = o.applied + $applied, o.superseded = o.superseded + $superseded,
     o.filtered = o.filtered + $filtered, o.deadLettered = o.deadLettered + $deadLettered
   RETURN o.next AS next`,
);

/** Takes the partition's lock and checks the position before any work is done, without moving it. */
export const fenceOffset = statement<
  { id: string; group: string; topic: string; partition: Int; from: Int },
  { next: number }
>(
  'offset.fence',
  `MERGE (o:StreamOffset {id: $id})
   ON CREATE SET o.group = $group, o.topic = $topic, o.partition = $partition, o.first = $from, o.next = $from,
     o.applied = 0, o.superseded = 0, o.filtered = 0, o.deadLettered = 0
   REMOVE o.lock
   WITH o WHERE o.next = $from
   RETURN o.next AS next`,
);

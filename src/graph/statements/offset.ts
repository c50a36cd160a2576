import type { integer } from '../driver.ts';
import { statement } from '../statement.ts';

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

const POSITION = `MATCH (g:GraphDigest {name: 'graph'})
   MERGE (o:StreamOffset {id: $id})
   ON CREATE SET o.group = $group, o.topic = $topic, o.partition = $partition, o.first = $from, o.next = $from,
     o.applied = 0, o.superseded = 0, o.filtered = 0, o.deadLettered = 0
   REMOVE o.lock
   WITH g, o WHERE o.next = $from`;

interface Position {
  readonly id: string;
  readonly group: string;
  readonly topic: string;
  readonly partition: Int;
  readonly from: Int;
}

export const graphId = statement<Record<string, never>, { graph: string }>(
  'offset.graphId',
  `MATCH (g:GraphDigest {name: 'graph'}) RETURN g.id AS graph`,
);

/**
 * Takes the partition's lock and checks the position before any work is done, without moving it. No row comes back
 * where the stored position is another; else which database this is. Removing a property takes the lock that makes two
 * writers of one partition wait for each other.
 */
export const fenceOffset = statement<Position, { graph: string }>('offset.fence', `${POSITION} RETURN g.id AS graph`);

/**
 * Moves a position on from `from` to `next` and adds the counters; no row where it was not at `from`. `newest` holds
 * `newest.<source>` and the time of the newest event of that source, by which freshness is told.
 */
export const advanceOffset = statement<
  Position & {
    next: Int;
    applied: Int;
    superseded: Int;
    filtered: Int;
    deadLettered: Int;
    newest: readonly { readonly name: string; readonly time: Int }[];
  },
  { graph: string }
>(
  'offset.advance',
  `${POSITION}
   SET o.next = $next, o.applied = o.applied + $applied, o.superseded = o.superseded + $superseded,
     o.filtered = o.filtered + $filtered, o.deadLettered = o.deadLettered + $deadLettered
   FOREACH (n IN [n IN $newest WHERE coalesce(o[n.name] < n.time, true)] | SET o[n.name] = n.time)
   RETURN g.id AS graph`,
);

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

const POSITIONS = `MATCH (g:GraphDigest {name: 'graph'})
   UNWIND $rows AS row
   MERGE (o:StreamOffset {id: row.id})
   ON CREATE SET o.group = row.group, o.topic = row.topic, o.partition = row.partition, o.first = row.from,
     o.next = row.from, o.applied = 0, o.superseded = 0, o.filtered = 0, o.deadLettered = 0
   REMOVE o.lock
   WITH g, o, row WHERE o.next = row.from`;

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
 * Takes the partitions' locks and checks the positions before any work is done, without moving them. A row comes back
 * for each that is as stored, and says which database this is. Removing a property takes the lock that makes two writers
 * of one partition wait for each other.
 */
export const fenceOffsets = statement<{ rows: readonly Position[] }, { id: string; graph: string }>(
  'offset.fence',
  `${POSITIONS} RETURN o.id AS id, g.id AS graph`,
);

/**
 * Moves positions on from `from` to `next` and adds the counters; no row for one that was not at `from`. `newest` holds
 * `newest.<source>` and the time of the newest event of that source, by which freshness is told.
 */
export const advanceOffsets = statement<
  {
    rows: readonly (Position & {
      readonly next: Int;
      readonly applied: Int;
      readonly superseded: Int;
      readonly filtered: Int;
      readonly deadLettered: Int;
      readonly newest: readonly { readonly name: string; readonly time: Int }[];
    })[];
  },
  { id: string; graph: string }
>(
  'offset.advance',
  `${POSITIONS}
   SET o.next = row.next, o.applied = o.applied + row.applied, o.superseded = o.superseded + row.superseded,
     o.filtered = o.filtered + row.filtered, o.deadLettered = o.deadLettered + row.deadLettered
   FOREACH (n IN [n IN row.newest WHERE coalesce(o[n.name] < n.time, true)] | SET o[n.name] = n.time)
   RETURN o.id AS id, g.id AS graph`,
);

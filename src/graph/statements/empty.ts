import { statement } from '../statement.ts';

/** Something that is there besides what migrations make; the first node that comes is enough. */
export const anyContent = statement<Record<string, never>, { labels: string[] }>(
  'empty.anyContent',
  `MATCH (n) WHERE NOT n:Migration AND NOT n:GraphDigest AND NOT n:GraphLock RETURN labels(n) AS labels LIMIT 1`,
);

import { statement } from '../statement.ts';

/** Stores the digest where none is, and gives the one that is stored. */
export const claimDigest = statement<{ digest: string }, { digest: string }>(
  'digest.claim',
  `MATCH (g:GraphDigest {name: 'graph'})
   SET g.digest = coalesce(g.digest, $digest)
   RETURN g.digest AS digest`,
);

import { statement } from '../statement.ts';

/** Before which time each withdrawn source no longer counts. */
export const withdrawals = statement<{ ids: readonly string[] }, { id: string; before: number }>(
  'source.withdrawals',
  `UNWIND $ids AS id MATCH (s:Source {id: id}) WHERE s.withdrawnBefore IS NOT NULL
RETURN id, s.withdrawnBefore AS before`,
);

/** `newest.<source>` of each partition of the stage that writes the graph: `[property name, time]`. */
export const newestEvents = statement<{ stage: string }, { newest: readonly (readonly [string, number])[] }>(
  'source.newestEvents',
  `MATCH (o:StreamOffset) WHERE o.id STARTS WITH $stage
RETURN [k IN keys(o) WHERE k STARTS WITH 'newest.' | [k, o[k]]] AS newest`,
);

/** Counts that the database keeps by itself. */
export const totals = statement<
  Record<string, never>,
  { domains: number; organizations: number; claims: number; incidents: number }
>(
  'source.totals',
  `RETURN COUNT { (:Domain) } AS domains, COUNT { (:Organization) } AS organizations,
  COUNT { ()-[:USES]->() } AS claims, COUNT { (:Incident) } AS incidents`,
);

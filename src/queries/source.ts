import { newestEvents, ownTotals, totals, withdrawals } from '../graph/statements/source.ts';
import type { QueryContext } from './context.ts';
import type { ExposureQueries } from './types.ts';

/** The stage whose positions say what the graph holds. */
const GRAPH_STAGE = 'avd.graph/';
const NEWEST = 'newest.';

export function createSourceQueries({ reader, sources }: QueryContext): Pick<ExposureQueries, 'sources' | 'totals'> {
  return {
    async sources() {
      const ids = sources.all().map(({ id }) => id);
      const [partitions, withdrawn] = await Promise.all([
        reader.read(newestEvents, { stage: GRAPH_STAGE }),
        reader.read(withdrawals, { ids }),
      ]);
      const newest = new Map<string, number>();
      for (const [property, time] of partitions.flatMap((row) => row.newest)) {
        const id = property.slice(NEWEST.length);
        newest.set(id, Math.max(time, newest.get(id) ?? time));
      }
      const before = new Map(withdrawn.map((row) => [row.id, row.before]));
      return ids.map((id) => ({ id, newestEvent: newest.get(id), withdrawnBefore: before.get(id) }));
    },
    async totals() {
      const [row] = await reader.read(totals, {});
      const all = row ?? { domains: 0, organizations: 0, claims: 0, incidents: 0 };
      const { viewer } = reader;
      const [own] = viewer === undefined ? [] : await reader.read(ownTotals, { viewer });
      if (own === undefined) return all;
      return {
        domains: all.domains + own.domains,
        organizations: all.organizations + own.organizations,
        claims: all.claims + own.claims,
        incidents: all.incidents,
      };
    },
  };
}

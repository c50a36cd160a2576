import { AppError } from '../../errors.ts';
import type { Source } from '../../governance/sources.ts';
import type { SourceState } from '../../queries/types.ts';
import type { ApiContext, Resolvers } from '../context.ts';

const HOUR = 3_600_000;

export const sourceQueries: Resolvers<unknown> = {
  sources: (_, _args, { sources }) => sources.all(),
  totals: (_, _args, { queries }) => queries.totals(),
};

/**
 * A declared source by its id.
 * @throws AppError INTERNAL for a source that is in the graph but no longer declared.
 */
export function sourceOf(id: string, { sources }: ApiContext): Source {
  const source = sources.get(id);
  if (source === undefined)
    throw new AppError('INTERNAL', 'The graph holds a source that is not declared.', { source: id });
  return source;
}

/** The parent of Freshness: which sources it tells of is looked up only where it is asked for. */
export async function freshnessAt(at: number, context: ApiContext) {
  const delivered = (await context.loaders.sources()).filter((s) => s.newestEvent !== undefined);
  return { asOf: at, sources: delivered.map((s) => sourceOf(s.id, context)) };
}

const source: Resolvers<Source> = {
  kind: ({ kind }) => kind.toUpperCase(),
  newestEvent: async ({ id }, _, context) => (await stateOf(id, context))?.newestEvent,
  withdrawnBefore: async ({ id }, _, context) => (await stateOf(id, context))?.withdrawnBefore,
  promiseKept: async ({ id, promiseHours }, _, context) => {
    const newest = (await stateOf(id, context))?.newestEvent;
    return promiseHours === undefined || newest === undefined ? null : context.now - newest <= promiseHours * HOUR;
  },
};

async function stateOf(id: string, { loaders }: ApiContext): Promise<SourceState | undefined> {
  return (await loaders.sources()).find((state) => state.id === id);
}

export const sourceResolvers = { Source: source };

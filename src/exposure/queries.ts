import { AppError } from '../errors.ts';
import type { DependencyArgs, ExposureQueries } from '../queries/types.ts';
import type { ExposureIndexClient } from './client.ts';
import { INDEXED, type Indexed, type IndexedQueries } from './exposure-index.ts';

/**
 * The exposure questions: over many hops, counts and pages of hubs by the index, the rest by the database; all by the
 * database while the index can't be asked.
 */
export function createIndexedQueries(
  database: ExposureQueries,
  index: Pick<ExposureIndexClient, 'queries'>,
  deadline?: number,
  signal?: AbortSignal,
  tenant?: string,
): ExposureQueries {
  const indexed = index.queries(deadline, signal, tenant);
  const entries = INDEXED.map((question) => {
    const ask = indexed[question] as (...args: readonly unknown[]) => Promise<unknown>;
    const askDatabase = database[question] as (...args: readonly unknown[]) => Promise<unknown>;
    const either = (...args: readonly unknown[]) =>
      (isOfDismissed(question, args) ? askDatabase(...args) : ask(...args)).catch((error: unknown) => {
        if (error instanceof AppError && error.code === 'INDEX_NOT_READY') return askDatabase(...args);
        throw error;
      });
    return [question, either] as const;
  });
  return {
    ...database,
    ...(Object.fromEntries(entries) as unknown as IndexedQueries),
    within: (other, otherSignal) => {
      const earlier = Math.min(other, deadline ?? other);
      return createIndexedQueries(database.within(earlier, otherSignal), index, earlier, otherSignal ?? signal, tenant);
    },
    seenBy: (other) => createIndexedQueries(database.seenBy(other), index, deadline, signal, other),
  };
}

/** What does not count is rarely asked for, and left to the database. */
function isOfDismissed(question: Indexed, [, args]: readonly unknown[]): boolean {
  const isListing = question === 'dependenciesOf' || question === 'dependencyTotalsOf';
  return isListing && (args as DependencyArgs).dismissed === true;
}

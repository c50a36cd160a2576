import { type Sources, sourcesSeenBy } from '../governance/sources.ts';
import { integer } from '../graph/driver.ts';
import type { Judgement } from '../graph/statements/deduction.ts';
import { SOLE_PROVIDER_CRITICAL } from '../identity/service.ts';
import type { Reader } from './reader.ts';

/** What every question needs. */
export interface QueryContext {
  readonly reader: Reader;
  readonly sources: Sources;
  /** How claims are judged at an instant. */
  judge(at: number): Judgement;
  /** The same as that tenant sees it. */
  seenBy(tenant: string): QueryContext;
}

/** What is public: `seenBy` adds what is a tenant's own. `sources`: all that are declared. */
export function createQueryContext(reader: Reader, sources: Sources, tenant?: string): QueryContext {
  const seen = sourcesSeenBy(sources, tenant);
  const declared = seen.all();
  // Who has no sources has nothing of its own, and is answered as everybody is.
  const hasOwn = declared.some((source) => source.tenant !== undefined);
  const trusted = Object.fromEntries(
    declared.map(({ id, prior, freshDays }) => [id, { prior, freshDays: integer(freshDays) }]),
  );
  const rest = {
    sources: trusted,
    sourceIds: declared.map(({ id }) => id),
    soleCritical: [...SOLE_PROVIDER_CRITICAL],
  };
  return {
    reader: reader.seenBy(hasOwn ? tenant : undefined),
    sources: seen,
    judge: (at) => ({ at: integer(at), ...rest }),
    seenBy: (other) => createQueryContext(reader, sources, other),
  };
}

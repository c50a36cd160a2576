import type { Sources } from '../governance/sources.ts';
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
}

export function createQueryContext(reader: Reader, sources: Sources): QueryContext {
  const declared = sources.all();
  const trusted = Object.fromEntries(
    declared.map(({ id, prior, freshDays }) => [id, { prior, freshDays: integer(freshDays) }]),
  );
  const rest = {
    sources: trusted,
    sourceIds: declared.map(({ id }) => id),
    soleCritical: [...SOLE_PROVIDER_CRITICAL],
  };
  return { reader, sources, judge: (at) => ({ at: integer(at), ...rest }) };
}

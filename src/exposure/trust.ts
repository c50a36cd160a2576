import type { Sources } from '../governance/sources.ts';
import { SERVICES, SOLE_PROVIDER_CRITICAL } from '../identity/service.ts';
import type { Facts } from './facts.ts';

/** How far each source is trusted, by its number in the facts. A source that is declared no more weighs nothing. */
export interface Trust {
  prior(source: number): number;
  /** 0: never fresh. */
  freshDays(source: number): number;
  /** Numbers of sources in ascending order of their ids. */
  compare(a: number, b: number): number;
}

/** By the number of a service: whether its only provider is critical where nobody measured it. */
export const SOLE_IS_CRITICAL: readonly boolean[] = SERVICES.map((service) => SOLE_PROVIDER_CRITICAL.has(service));

export function createTrust(facts: Facts, sources: Sources): Trust {
  const idOf = (source: number): string => facts.sources[source] as string;
  const cache = new Map<number, { prior: number; freshDays: number }>();
  const of = (source: number) => {
    let known = cache.get(source);
    if (known === undefined) {
      const declared = sources.get(idOf(source));
      known = { prior: declared?.prior ?? 0, freshDays: declared?.freshDays ?? 0 };
      cache.set(source, known);
    }
    return known;
  };
  return {
    prior: (source) => of(source).prior,
    freshDays: (source) => of(source).freshDays,
    compare: (a, b) => (idOf(a) < idOf(b) ? -1 : idOf(a) > idOf(b) ? 1 : 0),
  };
}

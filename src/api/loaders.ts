import DataLoader from 'dataloader';
import type { Reference } from '../graph/actions.ts';
import type {
  BlastRadiusArgs,
  ClaimArgs,
  ClaimKey,
  DependencyArgs,
  ExposureQueries,
  PageRequest,
  Pair,
} from '../queries/types.ts';

/** No batch sends more keys to the database than this. */
const LARGEST_BATCH = 250;

export type Loaders = ReturnType<typeof createLoaders>;

/**
 * One loader a relation, made anew for each request: what many objects of one answer ask for is one question.
 * A relation with arguments has one loader for each set of arguments.
 */
export function createLoaders(queries: ExposureQueries, now: number) {
  return {
    domain: byKey((names: readonly string[]) => queries.domains(names)),
    organization: byKey((keys: readonly string[]) => queries.organizations(keys)),
    owner: byKey((domains: readonly string[]) => queries.ownersOf(domains)),
    aliases: byKey((keys: readonly string[]) => queries.aliasesOf(keys)),
    mergeCandidates: byKey((keys: readonly string[]) => queries.mergeCandidatesOf(keys)),
    observations: byKey((domains: readonly string[]) => queries.observationsOf(domains)),
    incident: byKey((keys: readonly string[]) => queries.incidentsByKey(keys)),
    claim: byPosition((keys: readonly ClaimKey[]) => queries.claims(keys, now)),
    domains: perArguments((page: PageRequest) => byKey((keys: readonly string[]) => queries.domainsOf(keys, page))),
    incidents: perArguments((page: PageRequest) => byKey((keys: readonly string[]) => queries.incidentsOf(keys, page))),
    claims: perArguments((args: ClaimArgs, page: PageRequest) =>
      byPosition((ends: readonly Reference[]) => queries.claimsOf(ends, args, page)),
    ),
    claimsBehind: perArguments((page: PageRequest) =>
      byPosition((pairs: readonly Pair[]) => queries.claimsBehind(pairs, page)),
    ),
    dependencies: perArguments((args: DependencyArgs, page: PageRequest) =>
      byKey((keys: readonly string[]) => queries.dependenciesOf(keys, args, page)),
    ),
    dependents: perArguments((args: DependencyArgs, page: PageRequest) =>
      byKey((keys: readonly string[]) => queries.dependentsOf(keys, args, page)),
    ),
    dependencyTotal: perArguments((args: DependencyArgs, at: number) =>
      byKey((keys: readonly string[]) => queries.dependencyTotalsOf(keys, args, at)),
    ),
    dependentTotal: perArguments((args: DependencyArgs, at: number) =>
      byKey((keys: readonly string[]) => queries.dependentTotalsOf(keys, args, at)),
    ),
    blastRadius: perArguments((args: BlastRadiusArgs, at: number) =>
      byPosition((keys: readonly string[]) => Promise.all(keys.map((key) => queries.blastRadius(key, args, at)))),
    ),
    sources: once(() => queries.sources()),
  };
}

function byKey<T>(ask: (keys: readonly string[]) => Promise<Map<string, T>>): DataLoader<string, T | undefined> {
  return new DataLoader<string, T | undefined>(
    async (keys) => {
      const found = await ask(keys);
      return keys.map((key) => found.get(key));
    },
    { maxBatchSize: LARGEST_BATCH },
  );
}

function byPosition<K, T>(ask: (keys: readonly K[]) => Promise<readonly T[]>): DataLoader<K, T, string> {
  return new DataLoader<K, T, string>((keys) => ask(keys), {
    maxBatchSize: LARGEST_BATCH,
    cacheKeyFn: (key) => JSON.stringify(key),
  });
}

function perArguments<Args extends readonly unknown[], Loader>(
  make: (...args: Args) => Loader,
): (...args: Args) => Loader {
  const made = new Map<string, Loader>();
  return (...args) => {
    const name = JSON.stringify(args);
    const loader = made.get(name) ?? make(...args);
    made.set(name, loader);
    return loader;
  };
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask();
    return asked;
  };
}

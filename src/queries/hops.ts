import { AppError } from '../errors.ts';
import { criticalHopsInto, type HopsIntoRow, hopsFrom, hopsInto } from '../graph/statements/exposure.ts';
import type { QueryContext } from './context.ts';
import type { Bound } from './types.ts';

/** Hops between organizations, read a level at a time and each organization once. */

/** What one answer looks at, at most. */
export const MAX_EXPANDED = 50_000;
const BATCH = 2_000;

/** What an organization depends on: by vendor, the services, and those of them that it is critical for. */
export type HopsFrom = ReadonlyMap<
  string,
  { readonly services: ReadonlySet<string>; readonly critical: ReadonlySet<string> }
>;

/** Who depends on an organization; nothing depends on a leaf. */
export type HopsInto = Pick<HopsIntoRow, 'inner' | 'leaves'>;

/** Thrown where an exploration meets a bound; what has been read until then is true. */
export class Cut extends Error {
  readonly bound: Bound;
  constructor(bound: Bound) {
    super(`The answer was cut: ${bound}`);
    this.bound = bound;
  }
}

const NOBODY: ReadonlySet<string> = new Set();

export type Exploration = Pick<QueryContext, 'reader' | 'judge'>;

/** A part of the time is kept for reading what is shown of that which was found. */
const SHARE = 0.8;

export function exploring({ reader, judge }: QueryContext): Exploration {
  const left = Math.min(reader.timeout, (reader.deadline ?? Number.POSITIVE_INFINITY) - Date.now());
  return { reader: reader.within(Date.now() + left * SHARE), judge };
}

/** Runs one step of an exploration: out of time is a bound here, not an error. */
async function step<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof AppError && error.code === 'QUERY_TIMEOUT' ? new Cut('TIME') : error;
  }
}

/** Explores until done or cut: gives the bound that cut it. */
export async function untilCut(explore: () => Promise<void>): Promise<Bound | undefined> {
  try {
    await explore();
    return undefined;
  } catch (error) {
    if (error instanceof Cut) {
      return error.bound;
    }
    throw error;
  }
}

export interface ForwardHops {
  /** What has been read so far. */
  readonly of: ReadonlyMap<string, HopsFrom>;
  /** Reads what these depend on, where that isn't known yet. @throws Cut */
  load(keys: readonly string[]): Promise<void>;
  /** Those of these with a hop to `vendor`, without reading the rest. @throws Cut */
  loadOnly(keys: readonly string[], vendor: string): Promise<void>;
}

/** `avoided`: vendors to which no hop leads. */
export function createForwardHops(
  { reader, judge }: Exploration,
  at: number,
  avoided: ReadonlySet<string> = NOBODY,
): ForwardHops {
  const known = new Map<string, HopsFrom>();
  const judgement = judge(at);

  async function read(keys: readonly string[], only: string | null): Promise<void> {
    for (const batch of batches(keys.filter((key) => !known.has(key)))) {
      if (known.size + batch.length > MAX_EXPANDED) {
        throw new Cut('ORGANIZATIONS');
      }
      const rows = await step(() => reader.read(hopsFrom, { ...judgement, keys: batch, only }));
      const found = new Map(rows.map(({ key, hops }) => [key, hops]));
      for (const key of batch) {
        const hops = (found.get(key) ?? []).filter(([vendor]) => !avoided.has(vendor));
        const sets = hops.map(
          ([vendor, services, critical]) =>
            [vendor, { services: new Set(services), critical: new Set(critical) }] as const,
        );
        known.set(key, new Map(sets));
      }
    }
  }

  return { of: known, load: (keys) => read(keys, null), loadOnly: (keys, vendor) => read(keys, vendor) };
}

export type BackwardHops = (keys: readonly string[], service: string | null) => Promise<ReadonlyMap<string, HopsInto>>;

/** Who depends on what, critically or at all. What was read is kept: many vendors share their dependents' dependents. */
export function createBackwardHops(
  { reader, judge }: Exploration,
  at: number,
  criticalOnly: boolean,
  avoided: ReadonlySet<string> = NOBODY,
): BackwardHops {
  const known = new Map<string, HopsInto>();
  const judgement = judge(at);
  const chosen = criticalOnly ? criticalHopsInto : hopsInto;
  const nobody: HopsInto = { inner: [], leaves: [] };

  return async (keys, service) => {
    const id = (key: string) => `${service ?? ''} ${key}`;
    for (const batch of batches(keys.filter((key) => !known.has(id(key))))) {
      if (known.size + batch.length > MAX_EXPANDED) {
        throw new Cut('ORGANIZATIONS');
      }
      const rows = await step(() => reader.read(chosen, { ...judgement, keys: batch, service }));
      const found = new Map(rows.map((row) => [row.key, row]));
      for (const key of batch) {
        const { inner, leaves } = found.get(key) ?? nobody;
        // Nobody uses a leaf, so none is avoided.
        known.set(id(key), {
          inner: avoided.size === 0 ? inner : inner.filter((other) => !avoided.has(other)),
          leaves,
        });
      }
    }
    return new Map(keys.map((key) => [key, known.get(id(key)) ?? nobody]));
  };
}

function batches(keys: readonly string[]): string[][] {
  const distinct = [...new Set(keys)];
  return Array.from({ length: Math.ceil(distinct.length / BATCH) }, (_, i) =>
    distinct.slice(i * BATCH, (i + 1) * BATCH),
  );
}

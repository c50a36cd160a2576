import type { WatchedRow } from '../graph/statements/alert.ts';
import { resolveReferences, watchedAll, watchedByKey } from '../graph/statements/alert.ts';
import type { QueryContext } from '../queries/context.ts';
import { type Reach, readReach } from './reach.ts';

/** A portfolio as it is now, and what it reaches. */
export interface Watched {
  readonly row: WatchedRow;
  readonly reach: Reach;
  /** Of what it follows, what stands today for what was followed before that time (ms since 1970, UTC). */
  membersBefore(time: number): ReadonlySet<string>;
}

/**
 * Which portfolios a change may concern, without asking the database: by everything that each follows and reaches. What
 * is remembered is what the database held when it was read; the changes since say what to read again.
 */
export function createWatch(context: QueryContext) {
  /** By name (of something followed or reached), the keys of the portfolios. */
  const watchers = new Map<string, Set<string>>();
  /** By portfolio, the names under which it is found. */
  const names = new Map<string, ReadonlySet<string>>();

  const drop = (key: string): void => {
    for (const name of names.get(key) ?? []) {
      const watching = watchers.get(name);
      watching?.delete(key);
      if (watching?.size === 0) watchers.delete(name);
    }
    names.delete(key);
  };

  const keep = (key: string, under: ReadonlySet<string>): void => {
    drop(key);
    names.set(key, under);
    for (const name of under) {
      const watching = watchers.get(name);
      if (watching === undefined) watchers.set(name, new Set([key]));
      else watching.add(key);
    }
  };

  const look = async (rows: readonly WatchedRow[], at: number): Promise<Map<string, Watched>> => {
    const known = await resolve(context, rows);
    const found = new Map<string, Watched>();
    for (const row of rows) {
      const membersBefore = (time: number) =>
        new Set(row.references.flatMap(([name, since]) => (since < time ? (known.get(name) ?? []) : [])));
      const reach = await readReach(context, [...membersBefore(Number.POSITIVE_INFINITY)], row.alertDepth, at);
      keep(row.key, new Set([...row.references.map(([name]) => name), ...reach.reached]));
      found.set(row.key, { row, reach, membersBefore });
    }
    return found;
  };

  return {
    /** Whether there is any portfolio. */
    isIdle: () => names.size === 0,
    all: (): string[] => [...names.keys()],
    /** Portfolios that follow or reach any of these. */
    touchedBy: (touched: Iterable<string>): Set<string> =>
      new Set([...touched].flatMap((name) => [...(watchers.get(name) ?? [])])),
    /** Reads all portfolios, and forgets what was remembered. */
    async begin(at: number): Promise<Map<string, Watched>> {
      watchers.clear();
      names.clear();
      return look(await context.reader.read(watchedAll, {}), at);
    },
    /** Reads these portfolios again; those that are gone are forgotten, and not given. */
    async refresh(keys: Iterable<string>, at: number): Promise<Map<string, Watched>> {
      const asked = [...keys];
      if (asked.length === 0) return new Map();
      for (const key of asked) drop(key);
      return look(await context.reader.read(watchedByKey, { keys: asked }), at);
    },
  };
}

/** What stands today for all that these follow. */
async function resolve({ reader }: QueryContext, rows: readonly WatchedRow[]): Promise<Map<string, string>> {
  const references = [...new Set(rows.flatMap((row) => row.references.map(([name]) => name)))];
  if (references.length === 0) return new Map();
  const found = await reader.read(resolveReferences, { references });
  return new Map(found.map(({ reference, key }) => [reference, key]));
}

import type { WatchedRow } from '../graph/statements/alert.ts';
import { portfolioTimes, resolveReferences, watchedAll, watchedByKey } from '../graph/statements/alert.ts';
import type { QueryContext } from '../queries/context.ts';
import { type Reach, readReach } from './reach.ts';

/** A portfolio as it is now, and what it reaches. */
export interface Watched {
  readonly row: WatchedRow;
  readonly reach: Reach;
  /** Of what it follows, what stands today for what was followed before that time (ms since 1970, UTC). */
  membersBefore(time: number): ReadonlySet<string>;
}

export type Watch = ReturnType<typeof createWatch>;

/**
 * Which portfolios a change may concern, without asking the database: by everything that each follows and reaches. What
 * is remembered is what the database held when it was read; the changes since say what to read again.
 */
export function createWatch(context: QueryContext) {
  const watchers = createNames();
  const followers = createNames();
  /** When something was said last of each portfolio, as it was read. */
  const times = new Map<string, number>();

  const look = async (rows: readonly WatchedRow[], at: number): Promise<Map<string, Watched>> => {
    const found = new Map<string, Watched>();
    for (const [tenant, own] of byTenant(rows)) await lookAs(context.seenBy(tenant), own, at, found);
    return found;
  };

  /** What each of one tenant follows and reaches, as that tenant sees it. */
  const lookAs = async (
    seen: QueryContext,
    rows: readonly WatchedRow[],
    at: number,
    found: Map<string, Watched>,
  ): Promise<void> => {
    const known = await resolve(seen, rows);
    for (const row of rows) {
      const membersBefore = (time: number) =>
        new Set(row.references.flatMap(([name, since]) => (since < time ? (known.get(name) ?? []) : [])));
      const reach = await readReach(seen, [...membersBefore(Number.POSITIVE_INFINITY)], row.alertDepth, at);
      const followed = new Set([...row.references.map(([name]) => name), ...reach.members]);
      followers.put(row.key, followed);
      watchers.put(row.key, new Set([...followed, ...reach.reached]));
      times.set(row.key, row.changedAt);
      found.set(row.key, { row, reach, membersBefore });
    }
  };

  return {
    all: (): string[] => [...times.keys()],
    /** Whether there was no portfolio when it was last looked. */
    isEmpty: (): boolean => times.size === 0,
    /**
     * Portfolios that are others than when they were read, by key, and since when (ms since 1970, UTC) something of each
     * is new. The database is asked, since what is published of them may come after what they have to do with.
     */
    async moved(): Promise<Map<string, number>> {
      const rows = await context.reader.read(portfolioTimes, {});
      const now = new Map(rows.map(({ key, changedAt }) => [key, changedAt]));
      const keys = [...new Set([...now.keys(), ...times.keys()])].filter((key) => now.get(key) !== times.get(key));
      return new Map(keys.map((key) => [key, (times.get(key) ?? Number.NEGATIVE_INFINITY) + 1]));
    },
    /** Portfolios that follow or reach any of these. */
    touchedBy: (touched: Iterable<string>): Set<string> =>
      new Set([...touched].flatMap((name) => [...watchers.find(name)])),
    /** Portfolios that follow what has any of these names. */
    followersOf: (some: readonly string[]): Set<string> => new Set(some.flatMap((name) => [...followers.find(name)])),
    /** Reads all portfolios, and forgets what was remembered. */
    async begin(at: number): Promise<Map<string, Watched>> {
      watchers.clear();
      followers.clear();
      times.clear();
      return look(await context.reader.read(watchedAll, {}), at);
    },
    /** Reads these portfolios again; those that are gone are forgotten, and not given. */
    async refresh(keys: Iterable<string>, at: number): Promise<Map<string, Watched>> {
      const asked = [...keys];
      if (asked.length === 0) return new Map();
      for (const key of asked) {
        watchers.put(key, new Set());
        followers.put(key, new Set());
        times.delete(key);
      }
      return look(await context.reader.read(watchedByKey, { keys: asked }), at);
    },
  };
}

/** Portfolios by the names that each is to be found by. */
function createNames() {
  const portfolios = new Map<string, Set<string>>();
  const names = new Map<string, ReadonlySet<string>>();
  return {
    /** In place of its names before; without any it is forgotten. */
    put(key: string, found: ReadonlySet<string>): void {
      for (const name of names.get(key) ?? []) {
        const others = portfolios.get(name);
        others?.delete(key);
        if (others?.size === 0) portfolios.delete(name);
      }
      if (found.size === 0) names.delete(key);
      else names.set(key, found);
      for (const name of found) {
        const others = portfolios.get(name);
        if (others === undefined) portfolios.set(name, new Set([key]));
        else others.add(key);
      }
    },
    find: (name: string): ReadonlySet<string> => portfolios.get(name) ?? NONE,
    clear(): void {
      portfolios.clear();
      names.clear();
    },
  };
}

const NONE: ReadonlySet<string> = new Set();

function byTenant(rows: readonly WatchedRow[]): Map<string, WatchedRow[]> {
  const found = new Map<string, WatchedRow[]>();
  for (const row of rows) {
    const own = found.get(row.tenant);
    if (own === undefined) found.set(row.tenant, [row]);
    else own.push(row);
  }
  return found;
}

/** Whether a portfolio, by its key, is one of this tenant. */
export const isOf = (tenant: string, key: string): boolean => key.slice(0, key.lastIndexOf('/')) === tenant;

/** What stands today for all that these follow. */
async function resolve({ reader }: QueryContext, rows: readonly WatchedRow[]): Promise<Map<string, string>> {
  const references = [...new Set(rows.flatMap((row) => row.references.map(([name]) => name)))];
  if (references.length === 0) return new Map();
  const found = await reader.read(resolveReferences, { references });
  return new Map(found.map(({ reference, key }) => [reference, key]));
}

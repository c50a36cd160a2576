import type { Exposure } from '../graph/alerts.ts';
import { integer } from '../graph/driver.ts';
import { type AffectedRow, affectedBy, affectedByAll, resolveReferences, usersOf } from '../graph/statements/alert.ts';
import type { Logger } from '../logger.ts';
import type { QueryContext } from '../queries/context.ts';
import { exposedTo } from './reach.ts';
import type { Triggers } from './triggers.ts';
import { createWatch, type Watched } from './watch.ts';

/** A domain that more than these use concerns everybody. */
const MOST_USERS = 1_000;

type Organizations = ReadonlyMap<string, readonly string[]>;
type Reason = (watched: Watched, incident: string, members: readonly string[]) => Exposure['reason'];

/** Who is exposed to what, by what the database holds and what has changed. */
export function createFinder(context: QueryContext, logger: Logger) {
  const { reader } = context;
  const watch = createWatch(context);

  const warnOfBounds = (found: ReadonlyMap<string, Watched>): void => {
    for (const [portfolio, { reach }] of found) {
      if (reach.bound === undefined) continue;
      logger.warn({ portfolio, bound: reach.bound }, 'a portfolio reaches more than is looked at for alerts');
    }
  };

  /** Reads every portfolio; what was remembered is forgotten. */
  const begin = async (): Promise<Map<string, Watched>> => {
    const found = await watch.begin(Date.now());
    warnOfBounds(found);
    return found;
  };

  const refresh = async (keys: Iterable<string>): Promise<Map<string, Watched>> => {
    const found = await watch.refresh(keys, Date.now());
    warnOfBounds(found);
    return found;
  };

  /** Portfolios that may be exposed by somebody's new dependency or owner. */
  const touchedBy = async ({ subjects, owned, hasMerged }: Triggers): Promise<Iterable<string>> => {
    if (hasMerged) return watch.all();
    const users = owned.size === 0 ? [] : await reader.read(usersOf, { names: [...owned], most: integer(MOST_USERS) });
    if (users.some((row) => row.users === null)) return watch.all();
    const resolved = subjects.size === 0 ? [] : await reader.read(resolveReferences, { references: [...subjects] });
    return watch.touchedBy([
      ...subjects,
      ...resolved.map(({ key }) => key),
      ...users.flatMap((row) => row.users ?? []),
    ]);
  };

  const ofDependencies = async (triggers: Triggers): Promise<Exposure[]> => {
    const found = await refresh(await touchedBy(triggers));
    return found.size === 0 ? [] : exposures(found, byIncident(await reader.read(affectedByAll, {})), () => 'raise');
  };

  const ofIncidents = async ({ incidents }: Triggers): Promise<Exposure[]> => {
    if (incidents.size === 0) return [];
    const affected = byIncident(await reader.read(affectedBy, { keys: [...incidents.keys()] }));
    const found = await refresh(watch.touchedBy([...affected.values()].flat()));
    return exposures(found, affected, (_, incident) => (incidents.get(incident) === true ? 'arrived' : 'raise'));
  };

  const ofPortfolios = async ({ portfolios }: Triggers): Promise<Exposure[]> => {
    const found = await refresh(portfolios.keys());
    if (found.size === 0) return [];
    return exposures(found, byIncident(await reader.read(affectedByAll, {})), (watched, _, members) => {
      const since = portfolios.get(watched.row.key) ?? 0;
      const followedBefore = watched.membersBefore(since);
      const isOld = watched.row.alertDepthAt < since && members.some((member) => followedBefore.has(member));
      return isOld ? 'raise' : 'known';
    });
  };

  const find = async (triggers: Triggers): Promise<Exposure[]> => [
    ...(await ofPortfolios(triggers)),
    ...(watch.isIdle() ? [] : await ofDependencies(triggers)),
    ...(watch.isIdle() ? [] : await ofIncidents(triggers)),
  ];

  return {
    find,
    /** Reads every portfolio, and gives what all of them are exposed to, as known. */
    async all(): Promise<Exposure[]> {
      const found = await begin();
      const affected = found.size === 0 ? [] : await reader.read(affectedByAll, {});
      return exposures(found, byIncident(affected), () => 'known');
    },
    begin,
  };
}

function exposures(found: ReadonlyMap<string, Watched>, affected: Organizations, reason: Reason): Exposure[] {
  return [...found.values()].flatMap((watched) =>
    [...affected].flatMap(([incident, hit]) => {
      const exposed = exposedTo(watched.reach, hit);
      if (exposed === undefined) return [];
      const { tenant, id: portfolio } = watched.row;
      const { members, paths } = exposed;
      return [
        { tenant, portfolio, incident, exposed: members.length, paths, reason: reason(watched, incident, members) },
      ];
    }),
  );
}

function byIncident(rows: readonly AffectedRow[]): Organizations {
  const affected = new Map<string, string[]>();
  for (const { incident, organization } of rows) {
    const known = affected.get(incident);
    if (known === undefined) affected.set(incident, [organization]);
    else known.push(organization);
  }
  return affected;
}

import { createHash } from 'node:crypto';
import { CLOCKS_APART, type Exposure, type Found } from '../graph/alerts.ts';
import { integer } from '../graph/driver.ts';
import type { News } from '../graph/news.ts';
import { type AffectedRow, affectedBy, affectedByAll, resolveReferences, usersOf } from '../graph/statements/alert.ts';
import type { Logger } from '../logger.ts';
import type { QueryContext } from '../queries/context.ts';
import { type Exposed, exposedTo } from './reach.ts';
import type { Triggers } from './triggers.ts';
import { createWatch, isOf, type Watch, type Watched } from './watch.ts';

/** A domain that more than these use concerns everybody. */
const MOST_USERS = 1_000;

type Organizations = ReadonlyMap<string, readonly string[]>;
const NOTHING: Found = { exposures: [], news: [] };

type Reason = (watched: Watched, incident: string, exposed: Exposed) => Pick<Exposure, 'reason' | 'learnedAt'>;

/**
 * Who is exposed to what, by what the database holds and what has changed. `tenants`: those with sources of their own.
 */
export function createFinder(context: QueryContext, tenants: readonly string[], logger: Logger) {
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

  const canonical = async ({ subjects, tenant }: Triggers): Promise<ReadonlyMap<string, string>> => {
    const seen = tenant === undefined ? reader : context.seenBy(tenant).reader;
    const rows = subjects.size === 0 ? [] : await seen.read(resolveReferences, { references: [...subjects] });
    return new Map(rows.map(({ reference, key }) => [reference, key]));
  };

  /** Portfolios that may be exposed by somebody's new dependency or owner. */
  const touchedBy = async (triggers: Triggers, resolved: ReadonlyMap<string, string>): Promise<Iterable<string>> => {
    const { subjects, owned, hasMerged, tenant } = triggers;
    if (hasMerged) return watch.all();
    const touched = watch.touchedBy([...subjects, ...resolved.values()]);
    // Nobody else is to be looked at sooner or later for a tenant's own claims.
    if (tenant !== undefined) return [...touched].filter((key) => isOf(tenant, key));
    if (owned.size === 0) return touched;
    const users = [await usersAs(context, owned, () => true)];
    for (const other of tenants) users.push(await usersAs(context.seenBy(other), owned, (key) => isOf(other, key)));
    return [...touched, ...users.flat()];
  };

  /** Portfolios that follow or reach whoever uses these domains. */
  const usersAs = async (
    seen: QueryContext,
    owned: ReadonlySet<string>,
    isMeant: (portfolio: string) => boolean,
  ): Promise<string[]> => {
    const rows = await seen.reader.read(usersOf, { names: [...owned], most: integer(MOST_USERS) });
    const isForAll = rows.some((row) => row.users === null);
    const touched = isForAll ? watch.all() : watch.touchedBy(rows.flatMap((row) => row.users ?? []));
    return [...touched].filter(isMeant);
  };

  /** What these changes come to. */
  const find = async (triggers: Triggers): Promise<Found> => {
    const moved = joinTimes(await watch.moved(), triggers.portfolios);
    const found = await refresh(moved.keys());
    if (watch.isEmpty()) return NOTHING;
    const resolved = await canonical(triggers);
    const touched = new Set([...(await touchedBy(triggers, resolved)), ...(await hitBy(triggers))]);
    for (const [key, watched] of await refresh([...touched].filter((key) => !moved.has(key)))) found.set(key, watched);
    const affected = found.size === 0 ? [] : await reader.read(affectedByAll, {});
    const subjects = [...triggers.subjects].map((subject) => resolved.get(subject) ?? subject);
    return {
      exposures: exposures(found, affected, createReason(triggers, moved, subjects)),
      news: newsOf(triggers, resolved, watch),
    };
  };

  /** Portfolios that an incident may have hit. */
  const hitBy = async ({ incidents }: Triggers): Promise<Iterable<string>> => {
    if (incidents.size === 0) return [];
    const rows = await reader.read(affectedBy, { keys: [...incidents.keys()] });
    return watch.touchedBy(rows.map(({ organization }) => organization));
  };

  return {
    find,
    /** Reads every portfolio, and gives what all of them are exposed to, as known. */
    async all(): Promise<Exposure[]> {
      const found = await begin();
      const affected = found.size === 0 ? [] : await reader.read(affectedByAll, {});
      return exposures(found, affected, () => ({ reason: 'known' }));
    },
    begin,
    isNobodyThere: watch.isEmpty,
  };
}

/** Why an exposure is looked at: it decides whether it warns. */
function createReason(
  { incidents, publishedAt, tenant }: Triggers,
  moved: ReadonlyMap<string, number>,
  subjects: readonly string[],
): Reason {
  return (watched, incident, { members, via }) => {
    if (incidents.get(incident) === true) return { reason: 'arrived' };
    const followedBefore = (time: number): boolean => {
      const before = watched.membersBefore(time);
      return members.some((member) => before.has(member));
    };
    const isTold = tenant === undefined || tenant === watched.row.tenant;
    if (isTold && subjects.some((subject) => via.has(subject)) && followedBefore(publishedAt.last + CLOCKS_APART)) {
      return { reason: 'learned', learnedAt: publishedAt.first };
    }
    const since = moved.get(watched.row.key);
    const isOld = since === undefined || (watched.row.alertDepthAt < since && followedBefore(since));
    return { reason: isOld ? 'raise' : 'known' };
  };
}

function exposures(found: ReadonlyMap<string, Watched>, affected: readonly AffectedRow[], reason: Reason): Exposure[] {
  const incidents = byIncident(affected);
  return [...found.values()].flatMap((watched) =>
    [...incidents].flatMap(([incident, hit]) => {
      const exposed = exposedTo(watched.reach, hit);
      if (exposed === undefined) return [];
      const { tenant, id: portfolio } = watched.row;
      const { members, paths } = exposed;
      const why = reason(watched, incident, exposed);
      return [{ tenant, portfolio, incident, exposed: members.length, paths, ...why }];
    }),
  );
}

/** Whom the claims that have changed are news for. */
function newsOf({ claims, tenant }: Triggers, resolved: ReadonlyMap<string, string>, watch: Watch): News[] {
  return claims.flatMap(({ message, ...claim }) => {
    const followers = watch.followersOf([claim.subject, resolved.get(claim.subject) ?? claim.subject]);
    const told = [...followers].filter((key) => tenant === undefined || isOf(tenant, key));
    if (told.length === 0) return [];
    const change = createHash('sha256').update(message).digest('base64url');
    return told.map((portfolio) => ({ portfolio, change, ...claim }));
  });
}

/** The earlier time of each. */
function joinTimes(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): Map<string, number> {
  const joined = new Map(one);
  for (const [key, time] of other) joined.set(key, Math.min(time, joined.get(key) ?? time));
  return joined;
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

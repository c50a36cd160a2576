import { cursorKey, emptyPage, toPage } from '../queries/page.ts';
import type {
  Dependency,
  DependencyArgs,
  DependencyFilter,
  DependencyOrder,
  Page,
  PageRequest,
  Pair,
} from '../queries/types.ts';
import {
  claimsByDependent,
  claimsByVendor,
  claimsOn,
  isListed,
  organizationOf,
  type Summary,
  summarize,
  toDependency,
} from './dependency.ts';
import type { Hub } from './hub.ts';
import type { HubAt } from './hub-at.ts';
import { least, orderBy, type Position, type Row } from './listing.ts';
import { type Asked, holderOf, ownHolder } from './question.ts';
import type { View } from './view.ts';
import type { Work } from './work.ts';

/** The questions about one hop: pages of dependencies and dependents, and how many there are. */

type Direction = 'uses' | 'usedBy';

export function* listDependencies(
  asked: Asked,
  direction: Direction,
  keys: readonly string[],
  args: DependencyArgs,
  page: PageRequest,
): Work<Map<string, Page<Dependency>>> {
  const found = new Map<string, Page<Dependency>>();
  for (const key of keys) {
    const holder = ownHolder(asked, key);
    found.set(key, holder === undefined ? emptyPage : yield* listOne(asked, direction, holder, args, page));
    yield;
  }
  return found;
}

export function* countDependencies(
  asked: Asked,
  direction: Direction,
  keys: readonly string[],
  filter: DependencyFilter,
): Work<Map<string, number>> {
  const found = new Map<string, number>();
  for (const key of keys) {
    const holder = ownHolder(asked, key);
    found.set(key, holder === undefined ? 0 : yield* countOne(asked, direction, holder, filter));
    yield;
  }
  return found;
}

export function* oneDependency(asked: Asked, pair: Pair): Work<Dependency | undefined> {
  yield;
  const dependent = holderOf(asked, pair.dependent);
  const vendor = holderOf(asked, pair.vendor);
  return dependent === undefined || vendor === undefined ? undefined : dependencyBetween(asked, dependent, vendor);
}

export function dependencyBetween(asked: Asked, dependent: number, vendor: number): Dependency | undefined {
  const claims = claimsOn(asked.view, dependent, vendor);
  return claims.length === 0 ? undefined : between(asked.view, dependent, vendor, claims);
}

function between(view: View, dependent: number, vendor: number, claims: readonly number[]): Dependency {
  return toDependency(view, organizationOf(view, dependent), organizationOf(view, vendor), claims);
}

function* listOne(
  asked: Asked,
  direction: Direction,
  holder: number,
  args: DependencyArgs,
  page: PageRequest,
): Work<Page<Dependency>> {
  const order = args.orderBy ?? 'CONFIDENCE';
  const after = cursorKey(page, order === 'NAME' ? 'string' : 'number', 'string') as Position | undefined;
  const hub = direction === 'usedBy' ? yield* hubOf(asked, holder, order) : undefined;
  const rows: readonly FoundRow[] =
    hub === undefined
      ? yield* listFew(asked, direction, holder, args, after, page.first + 1)
      : yield* hub.list(args, order, after, page.first + 1);
  const toNode = ({ other, claims }: FoundRow): Dependency => {
    if (claims !== undefined && direction === 'uses') return between(asked.view, holder, other, claims);
    if (claims !== undefined) return between(asked.view, other, holder, claims);
    const view = asked.isPresent ? asked.view : asked.present.glanceAt(asked.at, other);
    return between(view, other, holder, claimsOn(view, other, holder));
  };
  return toPage(rows, page, toNode, ({ value, other }) => [value, asked.facts.nodes.key(other)]);
}

function hubOf(
  { present, at, isPresent }: Asked,
  vendor: number,
  order?: DependencyOrder,
): Work<Hub | HubAt | undefined> {
  return isPresent ? present.hubOf(vendor, order) : present.hubAt(at, vendor, order);
}

/** A row whose claims may have been found with it. */
interface FoundRow extends Row {
  readonly claims?: readonly number[];
}

function* listFew(
  asked: Asked,
  direction: Direction,
  holder: number,
  args: DependencyArgs,
  after: Position | undefined,
  limit: number,
): Work<readonly FoundRow[]> {
  const { sortValue, isBehind, compare } = orderBy(asked.facts.nodes, args.orderBy ?? 'CONFIDENCE');
  const listed: FoundRow[] = [];
  for (const [other, claims, summary] of summaries(asked, direction, holder)) {
    if (!isListed(summary, args)) continue;
    const row = { other, value: sortValue(other, summary), claims };
    if (isBehind(row, after)) listed.push(row);
  }
  return yield* least(listed, limit, compare);
}

function* summaries(
  { view }: Asked,
  direction: Direction,
  holder: number,
): Generator<readonly [number, readonly number[], Summary]> {
  const found = direction === 'uses' ? claimsByVendor(view, holder) : claimsByDependent(view, holder);
  for (const [other, claims] of found) yield [other, claims, summarize(view, claims)];
}

function* countOne(asked: Asked, direction: Direction, holder: number, filter: DependencyFilter): Work<number> {
  const hub = direction === 'usedBy' ? yield* hubOf(asked, holder) : undefined;
  if (hub !== undefined) return hub.total(filter);
  let total = 0;
  for (const [, , summary] of summaries(asked, direction, holder)) if (isListed(summary, filter)) total++;
  return total;
}

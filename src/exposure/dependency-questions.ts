import { cursorKey, emptyPage, toPage } from '../queries/page.ts';
import type { Dependency, DependencyArgs, DependencyFilter, Page, PageRequest, Pair } from '../queries/types.ts';
import {
  claimsByDependent,
  claimsByVendor,
  isListed,
  organizationOf,
  type Summary,
  summarize,
  toDependency,
} from './dependency.ts';
import { least, orderBy, type Position } from './listing.ts';
import { type Asked, holderOf, isPresent, ownHolder } from './question.ts';
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
  const claims = claimsByVendor(asked.view, dependent).get(vendor);
  return claims && between(asked, dependent, vendor, claims);
}

function between({ view }: Asked, dependent: number, vendor: number, claims: readonly number[]): Dependency {
  return toDependency(view, organizationOf(view, dependent), organizationOf(view, vendor), claims);
}

interface Row {
  readonly other: number;
  readonly value: number | string;
  readonly claims?: readonly number[];
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
  const hub = direction === 'usedBy' && isPresent(asked) ? yield* asked.present.hubOf(holder, order) : undefined;
  let rows: readonly Row[];
  if (hub === undefined) rows = yield* listFew(asked, direction, holder, args, after, page.first + 1);
  else {
    const listed = yield* hub.list(args, order, after, page.first + 1);
    rows = listed.map(([other, value]) => ({ other, value }));
  }
  const { nodes } = asked.view.facts;
  const toNode = ({ other, claims }: Row): Dependency => {
    const [dependent, vendor] = direction === 'uses' ? [holder, other] : [other, holder];
    const own = claims ?? claimsByVendor(asked.view, dependent).get(vendor) ?? [];
    return between(asked, dependent, vendor, own);
  };
  return toPage(rows, page, toNode, ({ value, other }) => [value, nodes.key(other)]);
}

function* listFew(
  asked: Asked,
  direction: Direction,
  holder: number,
  args: DependencyArgs,
  after: Position | undefined,
  limit: number,
): Work<readonly Row[]> {
  const { sortValue, compareValues, compareKeys, keyOf } = orderBy(asked.view, args.orderBy ?? 'CONFIDENCE');
  const { nodes } = asked.view.facts;
  const listed: Row[] = [];
  for (const [other, claims, summary] of summaries(asked, direction, holder)) {
    if (!isListed(summary, args)) continue;
    const value = sortValue(other, summary);
    const isBehind =
      after === undefined || (compareValues(value, after[0]) || nodes.compareText(keyOf(other), after[1])) > 0;
    if (isBehind) listed.push({ other, value, claims });
  }
  return yield* least(listed, limit, (a, b) => compareValues(a.value, b.value) || compareKeys(a.other, b.other));
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
  const hub = direction === 'usedBy' && isPresent(asked) ? yield* asked.present.hubOf(holder) : undefined;
  if (hub !== undefined) return hub.total(filter);
  let total = 0;
  for (const [, , summary] of summaries(asked, direction, holder)) if (isListed(summary, filter)) total++;
  return total;
}

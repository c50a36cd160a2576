import { cursorKey, pathBefore, toPage } from '../queries/page.ts';
import type {
  BlastRadius,
  BlastRadiusArgs,
  Bounded,
  Dependency,
  ExposurePath,
  ExposurePathArgs,
  NthPartyArgs,
  Page,
  PageRequest,
  Reached,
} from '../queries/types.ts';
import { organizationOf } from './dependency.ts';
import { dependencyBetween } from './dependency-questions.ts';
import type { Reach } from './hops.ts';
import { least } from './listing.ts';
import { findPaths } from './paths.ts';
import { type Asked, holderOf, hopsOf, ownHolder } from './question.ts';
import { reachInto } from './reach.ts';
import { vendorsWithin } from './vendors-within.ts';
import type { Work } from './work.ts';

/** The questions beyond the first hop. */

const NOBODY: Reach = { reached: new Int32Array(0), ends: [0] };

function* blast(asked: Asked, key: string, args: BlastRadiusArgs): Work<Reach> {
  const vendor = ownHolder(asked, key);
  if (vendor === undefined) return NOBODY;
  return yield* reachInto(asked.view, vendor, args.maxHops, yield* hopsOf(asked, args, [vendor]));
}

export function* blastRadius(asked: Asked, key: string, args: BlastRadiusArgs): Work<BlastRadius> {
  const { reached, ends } = yield* blast(asked, key, args);
  const byDistance = ends.slice(1).map((end, i) => ({ distance: i + 1, organizations: end - (ends[i] as number) }));
  return { total: reached.length, byDistance, bound: undefined };
}

type Distanced = readonly [holder: number, distance: number];

export function* blastRadiusOrganizations(
  asked: Asked,
  key: string,
  args: BlastRadiusArgs,
  page: PageRequest,
): Work<Bounded<Page<Reached>>> {
  const { reached, ends } = yield* blast(asked, key, args);
  function* each(): Generator<Distanced> {
    for (let distance = 1; distance < ends.length; distance++) {
      for (let at = ends[distance - 1] as number; at < (ends[distance] as number); at++)
        yield [reached[at] as number, distance];
    }
  }
  return yield* reachedPage(asked, each(), page);
}

export function* nthParties(
  asked: Asked,
  key: string,
  { depth, ...args }: NthPartyArgs,
  page: PageRequest,
): Work<Bounded<Page<Reached>>> {
  const from = ownHolder(asked, key);
  if (from === undefined) return yield* reachedPage(asked, [], page);
  const near = yield* vendorsWithin(asked.view, from, depth, yield* hopsOf(asked, args, [from]));
  return yield* reachedPage(
    asked,
    [...near].filter(([, distance]) => distance >= 2),
    page,
  );
}

function* reachedPage(asked: Asked, all: Iterable<Distanced>, page: PageRequest): Work<Bounded<Page<Reached>>> {
  const { nodes } = asked.facts;
  const after = cursorKey(page, 'number', 'string');
  const isBehind = ([holder, distance]: Distanced): boolean =>
    after === undefined || (distance - after[0] || nodes.compareText(nodes.key(holder), after[1])) > 0;
  function* behind(): Generator<Distanced> {
    for (const one of all) if (isBehind(one)) yield one;
  }
  const rows = yield* least(behind(), page.first + 1, (a, b) => a[1] - b[1] || nodes.compareKeys(a[0], b[0]));
  const listed = toPage(
    rows,
    page,
    ([holder, distance]) => ({ organization: organizationOf(asked.view, holder), distance }),
    ([holder, distance]) => [distance, nodes.key(holder)],
  );
  return { ...listed, bound: undefined };
}

export function* exposurePaths(
  asked: Asked,
  args: ExposurePathArgs,
  page: PageRequest,
): Work<Bounded<Page<ExposurePath>>> {
  const [from, to] = [holderOf(asked, args.from), holderOf(asked, args.to)];
  const { nodes } = asked.facts;
  const keyOf = (holder: number | undefined, key: string) => (holder === undefined ? key : nodes.key(holder));
  const after = pathBefore(page, keyOf(from, args.from), keyOf(to, args.to));
  if (from === undefined || to === undefined || from === to) return { edges: [], hasNextPage: false, bound: undefined };
  const hops = yield* hopsOf(asked, args, [from, to]);
  const question = { from, to, maxHops: args.maxHops, hops, after, limit: page.first + 1 };
  const { found, bound } = yield* findPaths(asked.view, question);
  const listed = toPage(
    found,
    page,
    (path) => toPath(asked, path, args),
    (path) => path.map((node) => nodes.key(node)),
  );
  return { ...listed, bound };
}

function toPath(asked: Asked, path: readonly number[], { service }: ExposurePathArgs): ExposurePath {
  const steps = path
    .slice(1)
    .map((vendor, i) => dependencyBetween(asked, path[i] as number, vendor))
    .filter((step): step is Dependency => step !== undefined);
  const last = steps.at(-1);
  const endsCritically =
    service === undefined || last?.services.some((use) => use.service === service && use.critical) === true;
  return {
    length: steps.length,
    critical: endsCritically && steps.every(({ critical }) => critical),
    confidence: steps.reduce((product, step) => product * step.confidence, 1),
    steps,
  };
}

import { ubiquitousVendors } from './concentration.ts';
import type { QueryContext } from './context.ts';
import { readDependencies } from './dependency.ts';
import { Cut, createBackwardHops, createForwardHops, exploring, untilCut } from './hops.ts';
import { canonicalKeys, toOrganization } from './organization.ts';
import { cursorKey, instantOf, pathBefore, toPage } from './page.ts';
import { findPaths, type PathSearch } from './paths.ts';
import { type HopFilter, loadForward, newFrontier, reachBackwards, vendorDistances } from './reach.ts';
import { compareText } from './text-order.ts';
import type {
  BlastRadiusArgs,
  Bound,
  Dependency,
  ExposurePath,
  ExposurePathArgs,
  ExposureQueries,
  Page,
  PageRequest,
  Reached,
} from './types.ts';

type Organizations = Pick<ExposureQueries, 'organizations'>;
type Exposure = Pick<ExposureQueries, 'nthParties' | 'blastRadius' | 'blastRadiusOrganizations' | 'exposurePaths'>;

/** The questions beyond the first hop. */
export function createExposureQueries(context: QueryContext, queries: Organizations): Exposure {
  return {
    async nthParties(key, { depth, ...args }, page) {
      const filter = hopFilter(args);
      const avoided = await avoidedBy(context, args, [key], instantOf(page));
      const hops = createForwardHops(exploring(context), instantOf(page), avoided);
      const bound = await untilCut(() => loadForward([key], depth, filter, hops));
      const near = vendorDistances(key, depth, hops.of, filter);
      const beyond = [...near].filter(([, distance]) => distance >= 2);
      return { ...(await reachedPage(queries, beyond, page)), bound };
    },

    async blastRadius(key, args, at) {
      const { distances, bound } = await blast(context, key, args, at);
      const counts = new Map<number, number>();
      for (const distance of distances.values()) {
        counts.set(distance, (counts.get(distance) ?? 0) + 1);
      }
      const byDistance = [...counts]
        .sort(([a], [b]) => a - b)
        .map(([distance, organizations]) => ({ distance, organizations }));
      return { total: distances.size, byDistance, bound };
    },

    async blastRadiusOrganizations(key, args, page) {
      const { distances, bound } = await blast(context, key, args, instantOf(page));
      return { ...(await reachedPage(queries, [...distances], page)), bound };
    },

    async exposurePaths(args, page) {
      const [from = '', to = ''] = await canonicalKeys(queries, [args.from, args.to]);
      const at = instantOf(page);
      const search = { from, to, filter: hopFilter(args), after: pathBefore(page, from, to), limit: page.first + 1 };
      const { found, bound } = await searchPaths(context, search, args, at);
      const pairs = found.flatMap((path) => path.slice(1).map((vendor, i) => ({ dependent: path[i] ?? from, vendor })));
      const dependencies = await readDependencies(context, pairs, at);
      const listed = toPage(
        found,
        page,
        (path) => toPath(dependencies.splice(0, path.length - 1), args),
        (path) => path,
      );
      // A claim may have gone between the search and the reading of its steps.
      const edges = listed.edges.flatMap(({ cursor, node }) => (node === undefined ? [] : [{ cursor, node }]));
      return { edges, hasNextPage: listed.hasNextPage, bound };
    },
  };
}

/** Ubiquitous vendors, where they are to be left out, but for the ends that are asked about. */
async function avoidedBy(
  context: QueryContext,
  { maxShare }: Pick<ExposurePathArgs, 'maxShare'>,
  ends: readonly string[],
  at: number,
): Promise<ReadonlySet<string>> {
  const ubiquitous = new Set(await ubiquitousVendors(context, maxShare, at));
  for (const end of ends) ubiquitous.delete(end);
  return ubiquitous;
}

const hopFilter = (args: Partial<Pick<ExposurePathArgs, 'service' | 'criticalOnly'>>): HopFilter => ({
  service: args.service ?? null,
  criticalOnly: args.criticalOnly ?? false,
});

async function blast(
  context: QueryContext,
  key: string,
  args: BlastRadiusArgs,
  at: number,
): Promise<{ distances: Map<string, number>; bound: Bound | undefined }> {
  const { service, criticalOnly } = hopFilter(args);
  const avoided = await avoidedBy(context, args, [key], at);
  const hops = createBackwardHops(exploring(context), at, criticalOnly, avoided);
  const distances = new Map<string, number>();
  const bound = await untilCut(() => reachBackwards(key, args.maxHops, service, hops, distances));
  return { distances, bound };
}

async function reachedPage(
  queries: Organizations,
  reached: readonly (readonly [string, number])[],
  page: PageRequest,
): Promise<Page<Reached>> {
  const [afterDistance, afterKey] = cursorKey(page, 'number', 'string') ?? [-1, ''];
  const rows = reached
    .filter(
      ([key, distance]) => distance > afterDistance || (distance === afterDistance && compareText(key, afterKey) > 0),
    )
    .sort(([a, x], [b, y]) => x - y || compareText(a, b))
    .slice(0, page.first + 1);
  const known = await queries.organizations(rows.map(([key]) => key));
  return toPage(
    rows,
    page,
    ([key, distance]) => ({ organization: known.get(key) ?? toOrganization(key, key), distance }),
    ([key, distance]) => [distance, key],
  );
}

/** Looks for paths a length at a time, so that what is further away is read only where the page is not full yet. */
async function searchPaths(
  context: QueryContext,
  search: PathSearch,
  { maxHops, maxShare }: Pick<ExposurePathArgs, 'maxHops' | 'maxShare'>,
  at: number,
): Promise<{ found: string[][]; bound: Bound | undefined }> {
  const { from, to, filter } = search;
  if (from === to) return { found: [], bound: undefined };
  const avoided = await avoidedBy(context, { maxShare }, [from, to], at);
  const hops = createForwardHops(exploring(context), at, avoided);
  const found: string[][] = [];
  const seen = new Set([from, to]);
  const bound = await untilCut(async () => {
    let frontier: readonly string[] = [from];
    for (let length = 1; length <= maxHops && found.length < search.limit; length++) {
      await (length < maxHops ? hops.load(frontier) : hops.loadOnly(frontier, to));
      if (!findPaths(search, length, hops.of, found)) {
        throw new Cut('PATHS');
      }
      frontier = newFrontier(frontier, hops, filter, seen);
    }
  });
  return { found, bound };
}

function toPath(
  steps: readonly (Dependency | undefined)[],
  { service }: Pick<ExposurePathArgs, 'service'>,
): ExposurePath | undefined {
  const there = steps.filter((step) => step !== undefined);
  const last = there.at(-1);
  if (there.length < steps.length || last === undefined) {
    return undefined;
  }
  const endsCritically =
    service === undefined ? last.critical : last.services.some((use) => use.service === service && use.critical);
  return {
    length: there.length,
    critical: endsCritically && there.every(({ critical }) => critical),
    confidence: there.reduce((product, step) => product * step.confidence, 1),
    steps: there,
  };
}

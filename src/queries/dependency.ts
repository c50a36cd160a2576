import { integer } from '../graph/driver.ts';
import * as statements from '../graph/statements/dependency.ts';
import * as dismissed from '../graph/statements/dismissal.ts';
import type { Service } from '../identity/service.ts';
import type { QueryContext } from './context.ts';
import { canonicalKeys, toOrganization } from './organization.ts';
import { cursorKey, emptyPage, instantOf, toPage } from './page.ts';
import type {
  Dependency,
  DependencyArgs,
  DependencyFilter,
  DependencyStatus,
  ExposureQueries,
  Page,
  PageRequest,
  Pair,
} from './types.ts';

type DependencyQueries = Pick<
  ExposureQueries,
  'dependenciesOf' | 'dependentsOf' | 'dependencyTotalsOf' | 'dependentTotalsOf' | 'dependency' | 'dismissedDependency'
>;

export function createDependencyQueries(
  context: QueryContext,
  queries: Pick<ExposureQueries, 'organizations'>,
): DependencyQueries {
  const { reader, judge } = context;
  return {
    async dependenciesOf(keys, args, page) {
      const params = {
        ...judge(instantOf(page)),
        keys,
        criticalOnly: args.criticalOnly ?? false,
        ...listing(args, page),
      };
      const isDismissed = args.dismissed === true;
      const chosen = isDismissed ? dismissed.dismissedDependenciesOf : statements.dependenciesOf;
      const shown = isDismissed ? toDismissed : toDependency;
      const rows = await reader.read(chosen, params);
      return new Map(rows.map((row) => [row.key, toPage(row.rows, page, shown, (d) => [d.sortValue, d.vendor])]));
    },

    async dependentsOf(keys, args, page) {
      const chosen = args.criticalOnly === true ? statements.criticalDependentsOf : statements.dependentsOf;
      const rows = await reader.read(chosen, { ...judge(instantOf(page)), keys, ...listing(args, page) });
      return withDependencies(context, rows, page);
    },

    async dependencyTotalsOf(keys, args, at) {
      const params = { ...judge(at), keys, criticalOnly: args.criticalOnly ?? false, ...filter(args) };
      const chosen = args.dismissed === true ? dismissed.dismissedDependencyTotalsOf : statements.dependencyTotalsOf;
      return totals(await reader.read(chosen, params));
    },

    async dependentTotalsOf(keys, args, at) {
      const chosen = args.criticalOnly === true ? statements.criticalDependentTotalsOf : statements.dependentTotalsOf;
      return totals(await reader.read(chosen, { ...judge(at), keys, ...filter(args) }));
    },

    async dependency(pair, at) {
      const [dependent = '', vendor = ''] = await canonicalKeys(queries, [pair.dependent, pair.vendor]);
      const [found] = await readDependencies(context, [{ dependent, vendor }], at);
      return found;
    },

    async dismissedDependency(pair, at) {
      const [dependent = '', vendor = ''] = await canonicalKeys(queries, [pair.dependent, pair.vendor]);
      const [row] = await reader.read(dismissed.dismissedDependency, { ...judge(at), dependent, vendor });
      return row && toDismissed(row);
    },
  };
}

/** Each dependency, whole, in the order asked; undefined where there is none. */
export async function readDependencies(
  { reader, judge }: QueryContext,
  pairs: readonly Pair[],
  at: number,
): Promise<(Dependency | undefined)[]> {
  if (pairs.length === 0) {
    return [];
  }
  const vendorsOf = new Map<string, Set<string>>();
  for (const { dependent, vendor } of pairs) {
    vendorsOf.set(dependent, (vendorsOf.get(dependent) ?? new Set()).add(vendor));
  }
  const asked = [...vendorsOf].map(([dependent, vendors]) => ({ dependent, vendors: [...vendors] }));
  const rows = await reader.read(statements.dependencies, { ...judge(at), asked });
  const found = new Map(rows.map((row) => [pairId(row), toDependency(row)]));
  return pairs.map((pair) => found.get(pairId(pair)));
}

const pairId = ({ dependent, vendor }: Pair): string => JSON.stringify([dependent, vendor]);

type DependentKeys = readonly { readonly dependent: string; readonly sortValue: string | number }[];

/** The listing only chose whom to show; what is shown is read for the page alone. */
async function withDependencies(
  context: QueryContext,
  rows: readonly { readonly key: string; readonly rows: DependentKeys }[],
  page: PageRequest,
): Promise<Map<string, Page<Dependency>>> {
  const pairs = rows.flatMap(({ key, rows }) =>
    rows.slice(0, page.first).map(({ dependent }) => ({ dependent, vendor: key })),
  );
  const dependencies = await readDependencies(context, pairs, instantOf(page));
  const found = new Map(pairs.map((pair, i) => [pairId(pair), dependencies[i]]));
  return new Map(
    rows.map(({ key, rows }) => {
      const listed = toPage(
        rows,
        page,
        ({ dependent }) => found.get(pairId({ dependent, vendor: key })),
        ({ dependent, sortValue }) => [sortValue, dependent],
      );
      // A claim may have gone between the two reads.
      const edges = listed.edges.flatMap(({ cursor, node }) => (node === undefined ? [] : [{ cursor, node }]));
      return [key, edges.length === 0 ? { ...emptyPage, hasNextPage: listed.hasNextPage } : { ...listed, edges }];
    }),
  );
}

function filter({ service, minConfidence }: DependencyFilter) {
  return { service: service ?? null, minConfidence: minConfidence ?? null };
}

function listing(args: DependencyArgs, page: PageRequest) {
  const orderBy = args.orderBy ?? 'CONFIDENCE';
  const [afterValue = null, afterKey = null] =
    cursorKey(page, orderBy === 'NAME' ? 'string' : 'number', 'string') ?? [];
  return { ...filter(args), orderBy, afterValue, afterKey, limit: integer(page.first + 1) };
}

const totals = (rows: readonly { readonly key: string; readonly total: number }[]): Map<string, number> =>
  new Map(rows.map(({ key, total }) => [key, total]));

/** What does not count is critical for nothing. */
function toDismissed(row: Omit<statements.DependencyRow, 'sortValue'>): Dependency {
  const found = toDependency(row);
  const services = found.services.map((use) => ({ ...use, critical: false }));
  return { ...found, services, critical: false, status: 'DISMISSED' };
}

const STATUSES: readonly DependencyStatus[] = ['OBSERVED', 'STATED', 'CONFIRMED'];

function toDependency(row: Omit<statements.DependencyRow, 'sortValue'>): Dependency {
  const services = row.services
    .map((use) => ({ ...use, service: use.service as Service, critical: use.critical === 1 }))
    .sort((a, b) => (a.service < b.service ? -1 : 1));
  return {
    dependent: toOrganization(row.dependent, row.dependentName),
    vendor: toOrganization(row.vendor, row.vendorName),
    services,
    critical: services.some(({ critical }) => critical),
    confidence: row.confidence,
    firstSeen: row.firstSeen,
    lastSeen: row.lastSeen,
    stale: row.fresh === 0,
    status: STATUSES[row.standing] ?? 'OBSERVED',
  };
}

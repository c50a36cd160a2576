import { SERVICES, type Service } from '../identity/service.ts';
import { cursorKey, toPage } from '../queries/page.ts';
import { mostWithin } from '../queries/share.ts';
import { compareWorkedOut } from '../queries/text-order.ts';
import type {
  Concentration,
  ConcentrationArgs,
  ConcentrationPage,
  Page,
  PageRequest,
  Scope,
  Vendor,
  VendorArgs,
} from '../queries/types.ts';
import { claimsByVendor, nodesOf, organizationOf } from './dependency.ts';
import { least } from './listing.ts';
import { countMembersReaching } from './members-reaching.ts';
import { type Asked, countsOf, holderOf, numberOf } from './question.ts';
import { reachInto } from './reach.ts';
import { CRITICAL, IN_FORCE } from './view.ts';
import type { Work } from './work.ts';

/** The questions about all vendors: on whom many depend. */

interface Ranked {
  readonly vendor: number;
  readonly direct: number;
  readonly critical: number;
}

interface Counted {
  readonly dependentTotal: number;
  readonly criticalTotal: number;
  all(): Iterable<Ranked>;
}

export function* concentrationRisk(asked: Asked, args: ConcentrationArgs, page: PageRequest): Work<ConcentrationPage> {
  const members = args.scope && membersOf(asked, args.scope);
  const counted = yield* count(asked, args.service, members);
  const { dependentTotal, criticalTotal } = counted;
  const most = mostWithin(args.maxShare ?? 1, dependentTotal);
  const isChosen = ({ direct, critical }: Ranked): boolean =>
    (args.criticalOnly !== true || critical > 0) && direct <= most;
  const rows = yield* mostUsed(asked, counted.all(), isChosen, page);
  const reach =
    args.withReach === false
      ? undefined
      : yield* reachOf(
          asked,
          rows.slice(0, page.first).map(({ vendor }) => vendor),
          args,
          members,
        );
  const toNode = ({ vendor, direct, critical }: Ranked): Concentration => ({
    vendor: organizationOf(asked.view, vendor),
    direct,
    directCritical: critical,
    reach: reach?.all.get(vendor),
    reachCritical: reach?.critical.get(vendor),
    share: direct / dependentTotal,
  });
  const listed = toPage(rows, page, toNode, ({ vendor, direct }) => [-direct, asked.facts.nodes.key(vendor)]);
  return { ...listed, dependentTotal, criticalTotal };
}

export function* vendors(asked: Asked, args: VendorArgs, page: PageRequest): Work<Page<Vendor>> {
  const counted = yield* count(asked, args.service, undefined);
  const isChosen = vendorFilter(asked, args);
  const { nodes } = asked.facts;
  const isByName = args.orderBy === 'NAME';
  const rows = isByName
    ? yield* byName(asked, counted.all(), isChosen, page)
    : yield* mostUsed(asked, counted.all(), isChosen, page);
  const services = new Map<number, readonly Service[]>();
  for (const { vendor } of rows.slice(0, page.first)) services.set(vendor, yield* servicesOf(asked, vendor));
  const toNode = ({ vendor, direct, critical }: Ranked): Vendor => ({
    organization: organizationOf(asked.view, vendor),
    dependents: direct,
    criticalDependents: critical,
    services: services.get(vendor) ?? [],
  });
  return toPage(rows, page, toNode, ({ vendor, direct }) => [
    isByName ? nodes.lowerName(vendor) : -direct,
    nodes.key(vendor),
  ]);
}

export function* vendorTotal(asked: Asked, args: VendorArgs): Work<number> {
  const counted = yield* count(asked, args.service, undefined);
  const isChosen = vendorFilter(asked, args);
  let [total, work] = [0, 0];
  for (const ranked of counted.all()) {
    if (isChosen(ranked)) total++;
    if ((++work & 0xfff) === 0) yield;
  }
  return total;
}

function vendorFilter(asked: Asked, args: VendorArgs): (ranked: Ranked) => boolean {
  const part = args.nameContains?.toLowerCase();
  const { nodes } = asked.facts;
  return ({ vendor, direct }) =>
    direct >= (args.minDependents ?? 0) && (part === undefined || nodes.lowerName(vendor).includes(part));
}

function* mostUsed(
  asked: Asked,
  all: Iterable<Ranked>,
  isChosen: (ranked: Ranked) => boolean,
  page: PageRequest,
): Work<Ranked[]> {
  const after = cursorKey(page, 'number', 'string');
  const { nodes } = asked.facts;
  function* listed(): Generator<Ranked> {
    for (const ranked of all) {
      const isBehind =
        after === undefined || (-ranked.direct - after[0] || nodes.compareText(nodes.key(ranked.vendor), after[1])) > 0;
      if (isBehind && isChosen(ranked)) yield ranked;
    }
  }
  return yield* least(listed(), page.first + 1, (a, b) => b.direct - a.direct || nodes.compareKeys(a.vendor, b.vendor));
}

function* byName(
  asked: Asked,
  all: Iterable<Ranked>,
  isChosen: (ranked: Ranked) => boolean,
  page: PageRequest,
): Work<Ranked[]> {
  const after = cursorKey(page, 'string', 'string');
  const { nodes } = asked.facts;
  function* listed(): Generator<Ranked> {
    for (const ranked of all) {
      const { vendor } = ranked;
      const isBehind =
        after === undefined ||
        (compareWorkedOut(nodes.lowerName(vendor), after[0]) || nodes.compareText(nodes.key(vendor), after[1])) > 0;
      if (isBehind && isChosen(ranked)) yield ranked;
    }
  }
  return yield* least(
    listed(),
    page.first + 1,
    (a, b) =>
      compareWorkedOut(nodes.lowerName(a.vendor), nodes.lowerName(b.vendor)) || nodes.compareKeys(a.vendor, b.vendor),
  );
}

/** The organizations in scope that any fact speaks of. */
function membersOf(asked: Asked, { organizations, domains }: Scope): Set<number> {
  const keys = [...organizations, ...domains.map((name) => `domain:${name}`)];
  return new Set(keys.map((key) => holderOf(asked, key)).filter((holder) => holder !== undefined));
}

function* count(asked: Asked, service: Service | undefined, members: ReadonlySet<number> | undefined): Work<Counted> {
  if (members !== undefined) return yield* countMembers(asked, numberOf(service), members);
  const { direct, critical, dependentTotal, criticalTotal } = yield* countsOf(asked, numberOf(service));
  function* all(): Generator<Ranked> {
    for (let vendor = 0; vendor < direct.length; vendor++) {
      const count = direct[vendor] as number;
      if (count > 0) yield { vendor, direct: count, critical: critical[vendor] as number };
    }
  }
  return { dependentTotal, criticalTotal, all };
}

function* countMembers(asked: Asked, service: number, members: ReadonlySet<number>): Work<Counted> {
  const { uses } = asked.facts;
  const ranked = new Map<number, { vendor: number; direct: number; critical: number }>();
  let [dependentTotal, criticalTotal] = [0, 0];
  for (const member of members) {
    let [isDependent, isCritical] = [0, 0];
    for (const [vendor, claims] of claimsByVendor(asked.view, member)) {
      const counted = claims.filter((claim) => service < 0 || uses.kind[claim] === service);
      if (counted.length === 0) continue;
      const critical = counted.some((claim) => ((asked.view.flags[claim] as number) & CRITICAL) !== 0) ? 1 : 0;
      const held = ranked.get(vendor) ?? { vendor, direct: 0, critical: 0 };
      ranked.set(vendor, held);
      held.direct += 1;
      held.critical += critical;
      [isDependent, isCritical] = [1, isCritical | critical];
    }
    dependentTotal += isDependent;
    criticalTotal += isCritical;
    yield;
  }
  return { dependentTotal, criticalTotal, all: () => ranked.values() };
}

/** How many in scope reach each vendor, by any path and by critical ones. */
function* reachOf(
  asked: Asked,
  ranked: readonly number[],
  { service, maxHops }: ConcentrationArgs,
  members: ReadonlySet<number> | undefined,
): Work<{ all: Map<number, number>; critical: Map<number, number> }> {
  function* counts(criticalOnly: boolean): Work<Map<number, number>> {
    const hops = { service: numberOf(service), criticalOnly };
    if (members !== undefined) return yield* countMembersReaching(asked.view, ranked, maxHops, hops, members);
    const reached = new Map<number, number>();
    for (const vendor of ranked)
      reached.set(vendor, (yield* reachInto(asked.view, vendor, maxHops, hops)).reached.length);
    return reached;
  }
  return { all: yield* counts(false), critical: yield* counts(true) };
}

/** All that the vendor is used for by others, by name. */
function* servicesOf({ view }: Asked, vendor: number): Work<readonly Service[]> {
  const { byObject, subject, kind } = view.facts.uses;
  const { holder } = view.facts.nodes;
  let [used, work] = [0, 0];
  for (const node of nodesOf(view, vendor)) {
    const start = byObject.start[node] ?? 0;
    for (let at = start; at < start + byObject.count(node); at++) {
      if ((++work & 0x3fff) === 0) yield;
      const claim = byObject.pool[at] as number;
      const from = subject[claim] as number;
      if (view.known[from] === 0) view.judge(from);
      if (((view.flags[claim] as number) & IN_FORCE) !== 0 && holder[from] !== vendor)
        used |= 1 << (kind[claim] as number);
    }
  }
  return SERVICES.filter((_, service) => (used & (1 << service)) !== 0).sort();
}

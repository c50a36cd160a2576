import { ANALYST } from '../graph/actions.ts';
import { SERVICES } from '../identity/service.ts';
import type { Dependency, DependencyFilter, DependencyStatus, Organization } from '../queries/types.ts';
import { serviceNumber } from './facts.ts';
import { CRITICAL, FRESH, IN_FORCE, type View } from './view.ts';

/** What decides whether and where a dependency is listed. Services are bits, by their number. */
export interface Summary {
  readonly confidence: number;
  readonly lastSeen: number;
  readonly services: number;
  readonly critical: number;
}

/** Whether the filter lists it; filters never change what it is. */
export function isListed({ confidence, services, critical }: Summary, filter: DependencyFilter): boolean {
  const asked = filter.service === undefined ? -1 : 1 << serviceNumber(filter.service);
  return (
    ((filter.criticalOnly === true ? critical : services) & asked) !== 0 && confidence >= (filter.minConfidence ?? 0)
  );
}

/** What counts for an organization: itself and what it holds. */
export function* nodesOf(view: View, holder: number): Generator<number> {
  yield holder;
  yield* view.facts.nodes.held(holder);
}

/**
 * Claims in force from what the organization holds, by the vendor they lead to; the organization itself is none, and what
 * counts for another has none.
 */
export function claimsByVendor(view: View, holder: number): Map<number, number[]> {
  const found = new Map<number, number[]>();
  eachUse(view, holder, (claim, vendor) => {
    const claims = found.get(vendor);
    if (claims === undefined) found.set(vendor, [claim]);
    else claims.push(claim);
  });
  return found;
}

/** Those of `claimsByVendor` that lead to this vendor: a page asks it of each of its rows. */
export function claimsOn(view: View, holder: number, vendor: number): number[] {
  const found: number[] = [];
  eachUse(view, holder, (claim, other) => {
    if (other === vendor) found.push(claim);
  });
  return found;
}

function eachUse(view: View, holder: number, tell: (claim: number, vendor: number) => void): void {
  const { bySubject, object } = view.facts.uses;
  const holders = view.facts.nodes.holder;
  if (holders[holder] !== holder) return;
  for (const node of nodesOf(view, holder)) {
    if (view.known[node] === 0) view.judge(node);
    const start = bySubject.start[node] ?? 0;
    for (let at = start; at < start + bySubject.count(node); at++) {
      const claim = bySubject.pool[at] as number;
      const vendor = holders[object[claim] as number] as number;
      if (((view.flags[claim] as number) & IN_FORCE) !== 0 && vendor !== holder) tell(claim, vendor);
    }
  }
}

/** Claims in force from others to what the organization holds, by the dependent they come from. */
export function claimsByDependent(view: View, holder: number): Map<number, number[]> {
  const { byObject, subject } = view.facts.uses;
  const holders = view.facts.nodes.holder;
  const found = new Map<number, number[]>();
  for (const node of nodesOf(view, holder)) {
    const start = byObject.start[node] ?? 0;
    for (let at = start; at < start + byObject.count(node); at++) {
      const claim = byObject.pool[at] as number;
      const from = subject[claim] as number;
      if (view.known[from] === 0) view.judge(from);
      const dependent = holders[from] as number;
      if (((view.flags[claim] as number) & IN_FORCE) === 0 || dependent === holder) continue;
      const claims = found.get(dependent);
      if (claims === undefined) found.set(dependent, [claim]);
      else claims.push(claim);
    }
  }
  return found;
}

export function summarize(view: View, claims: readonly number[]): Summary {
  const { uses } = view.facts;
  let [services, critical, lastSeen] = [0, 0, Number.NEGATIVE_INFINITY];
  for (const claim of claims) {
    const service = 1 << (uses.kind[claim] as number);
    services |= service;
    if (((view.flags[claim] as number) & CRITICAL) !== 0) critical |= service;
    lastSeen = Math.max(lastSeen, uses.lastSeenAt(claim));
  }
  return { confidence: confidenceOf(view, claims), lastSeen, services, critical };
}

/** 1 − Π(1 − cᵢ) over the sources in ascending order of their ids, cᵢ the source's strongest. */
export function confidenceOf(view: View, claims: readonly number[]): number {
  if (claims.length === 1) return 1 - (1 - view.weight(claims[0] as number));
  const strongest = new Map<number, number>();
  for (const claim of claims) {
    const source = view.facts.uses.source[claim] as number;
    strongest.set(source, Math.max(strongest.get(source) ?? 0, view.weight(claim)));
  }
  const sources = [...strongest].sort(([a], [b]) => view.trust.compare(a, b));
  return 1 - sources.reduce((doubt, [, most]) => doubt * (1 - most), 1);
}

const STATUSES: readonly DependencyStatus[] = ['OBSERVED', 'STATED', 'CONFIRMED'];

/** The dependency that these claims, all that are in force from one organization to another, make. */
export function toDependency(
  view: View,
  dependent: Organization,
  vendor: Organization,
  claims: readonly number[],
): Dependency {
  const { uses, sources } = view.facts;
  const byService = new Map<number, number[]>();
  let [flags, standing] = [0, 0];
  let [firstSeen, lastSeen] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const claim of claims) {
    const service = uses.kind[claim] as number;
    byService.set(service, [...(byService.get(service) ?? []), claim]);
    flags |= view.flags[claim] as number;
    firstSeen = Math.min(firstSeen, uses.firstSeenAt(claim));
    lastSeen = Math.max(lastSeen, uses.lastSeenAt(claim));
    const isAnalyst = sources[uses.source[claim] as number] === ANALYST;
    standing = Math.max(standing, isAnalyst ? 2 : view.isStated(claim) ? 1 : 0);
  }
  const services = [...byService].map(([service, used]) => ({
    service: SERVICES[service] as (typeof SERVICES)[number],
    critical: used.some((claim) => ((view.flags[claim] as number) & CRITICAL) !== 0),
    confidence: confidenceOf(view, used),
    claims: used.length,
  }));
  return {
    dependent,
    vendor,
    services: services.sort((a, b) => (a.service < b.service ? -1 : 1)),
    critical: (flags & CRITICAL) !== 0,
    confidence: confidenceOf(view, claims),
    firstSeen,
    lastSeen,
    stale: (flags & FRESH) === 0,
    status: STATUSES[standing] ?? 'OBSERVED',
  };
}

export function organizationOf(view: View, holder: number): Organization {
  const { nodes } = view.facts;
  return { key: nodes.key(holder), name: nodes.name(holder), provisional: nodes.isDomain(holder) };
}

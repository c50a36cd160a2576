import type { Service } from '../identity/service.ts';
import type {
  CompleteObservation,
  Evidence,
  GraphAction,
  ObserveDomain,
  Reference,
  ReportIncident,
  Statement,
  StateUse,
  WithdrawSource,
} from './actions.ts';
import { type ClaimState, DAY, equalClaims, joinClaims, midnight, NO_CLAIM } from './claim-state.ts';
import {
  type FollowingEntity,
  joinFollowings,
  joinPortfolios,
  liftPortfolio,
  type PortfolioEntity,
  portfolioKey,
} from './portfolio-state.ts';

/**
 * The graph as a fold: an action is lifted to small states of the things it speaks of, and states of one thing are
 * joined. Every join is commutative, associative and idempotent, which is all that makes the graph a function of the set
 * of events. Nothing here knows the database.
 */
export type Entity = Fact | PortfolioEntity | FollowingEntity;
/** What the graph's hash covers. */
export type Fact = DomainEntity | OrganizationEntity | ClaimEntity | IncidentEntity | SourceEntity;

export interface DomainEntity {
  readonly entity: 'domain';
  readonly name: string;
  readonly state: DomainState;
}

export interface DomainState {
  /** Times at which it was the subject, least and greatest; of sightings, the day's midnight. */
  readonly firstSeen: number | undefined;
  readonly lastSeen: number | undefined;
  /** Somebody uses it, or did once. */
  readonly vendor: boolean;
  /** Something that everybody may know speaks of it; else it is known to those alone whose private claims do. */
  readonly isPublic: boolean;
  /** Greatest time by name, `observedName` or `completeName`; each a day's midnight. */
  readonly days: ReadonlyMap<string, number>;
}

export interface OrganizationEntity {
  readonly entity: 'organization';
  readonly key: string;
  readonly state: OrganizationState;
}

export interface OrganizationState {
  readonly vendor: boolean;
  /** As of a domain. */
  readonly isPublic: boolean;
  /** The newest name, then the greatest in code-unit order. */
  readonly named: { readonly name: string; readonly time: number } | undefined;
}

/** `PRIVATE_USES` is what `USES` is, of one tenant alone: whatever asks for `USES` sees nothing of it. */
export const CLAIM_KINDS = ['USES', 'PRIVATE_USES', 'OWNERSHIP_CLAIM', 'SAME_AS', 'PART_OF', 'DISMISSED'] as const;
export type ClaimKind = (typeof CLAIM_KINDS)[number];

export interface ClaimKey {
  readonly kind: ClaimKind;
  readonly source: string;
  readonly subject: Reference;
  /** Only for USES, PRIVATE_USES and DISMISSED. */
  readonly service: Service | undefined;
  readonly object: Reference;
  /** Whose claim it is: only for PRIVATE_USES. */
  readonly tenant?: string;
}

export interface ClaimEntity {
  readonly entity: 'claim';
  readonly key: ClaimKey;
  readonly state: ClaimState;
}

export interface IncidentEntity {
  readonly entity: 'incident';
  readonly key: string;
  /** The newest version as a whole, by (time, event). */
  readonly state: ReportIncident;
}

export interface SourceEntity {
  readonly entity: 'source';
  readonly id: string;
  /** Whose source it is; absent: everybody's. */
  readonly tenant?: string;
  /** The latest time wins; a withdrawal is never taken back. */
  readonly state: { readonly withdrawnBefore: number };
}

/** Text that is the same for two entities iff they are states of the same thing. */
export function identify(e: Entity): string {
  switch (e.entity) {
    case 'domain':
      return `d\t${e.name}`;
    case 'organization':
      return `o\t${e.key}`;
    case 'claim':
      return identifyClaim(e.key);
    case 'incident':
      return `i\t${e.key}`;
    case 'source':
      return `s\t${e.id}`;
    case 'portfolio':
      return `p\t${portfolioKey(e.tenant, e.id)}`;
    case 'following':
      return `f\t${e.portfolio}\t${identifyEnd(e.reference)}`;
  }
}

export function identifyClaim(key: ClaimKey): string {
  return `c\t${key.kind}\t${key.source}\t${key.service ?? ''}\t${identifyEnd(key.subject)}\t${identifyEnd(key.object)}`;
}

export const identifyEnd = (end: Reference): string => (end.kind === 'domain' ? `d\t${end.name}` : `o\t${end.key}`);

/** Joins two states of the same thing; gives `a` itself where `b` adds nothing to it. */
export function join(a: Entity, b: Entity): Entity {
  if (a.entity === 'claim' && b.entity === 'claim') {
    const state = joinClaims(a.state, b.state);
    return equalClaims(state, a.state) ? a : { ...a, state };
  }
  if (a.entity === 'domain' && b.entity === 'domain') {
    return joinDomains(a, b);
  }
  if (a.entity === 'organization' && b.entity === 'organization') {
    return joinOrganizations(a, b);
  }
  if (a.entity === 'incident' && b.entity === 'incident') {
    return isNewerReport(a.state, b.state) ? b : a;
  }
  if (a.entity === 'source' && b.entity === 'source') {
    return b.state.withdrawnBefore > a.state.withdrawnBefore ? b : a;
  }
  if (a.entity === 'portfolio' && b.entity === 'portfolio') {
    return joinPortfolios(a, b);
  }
  if (a.entity === 'following' && b.entity === 'following') {
    return joinFollowings(a, b);
  }
  throw new TypeError(`A ${a.entity} can't be joined with a ${b.entity}.`);
}

function joinDomains(a: DomainEntity, b: DomainEntity): DomainEntity {
  const firstSeen = least(a.state.firstSeen, b.state.firstSeen);
  const lastSeen = greatest(a.state.lastSeen, b.state.lastSeen);
  const vendor = a.state.vendor || b.state.vendor;
  const isPublic = a.state.isPublic || b.state.isPublic;
  const newer = b.state.days.size === 0 ? [] : newerDays(a.state.days, b.state.days);
  if (
    firstSeen === a.state.firstSeen &&
    lastSeen === a.state.lastSeen &&
    vendor === a.state.vendor &&
    isPublic === a.state.isPublic &&
    newer.length === 0
  ) {
    return a;
  }
  const days = newer.length === 0 ? a.state.days : new Map([...a.state.days, ...newer]);
  return { ...a, state: { firstSeen, lastSeen, vendor, isPublic, days } };
}

const newerDays = (held: DomainState['days'], more: DomainState['days']): [string, number][] =>
  [...more].filter(([name, day]) => day > (held.get(name) ?? Number.NEGATIVE_INFINITY));

function joinOrganizations(a: OrganizationEntity, b: OrganizationEntity): OrganizationEntity {
  const [x, y] = [a.state.named, b.state.named];
  const isNewer = y !== undefined && (x === undefined || y.time > x.time || (y.time === x.time && y.name > x.name));
  const vendor = a.state.vendor || b.state.vendor;
  const isPublic = a.state.isPublic || b.state.isPublic;
  const isSame = !isNewer && vendor === a.state.vendor && isPublic === a.state.isPublic;
  return isSame ? a : { ...a, state: { vendor, isPublic, named: isNewer ? y : x } };
}

function isNewerReport(held: ReportIncident, other: ReportIncident): boolean {
  return other.time > held.time || (other.time === held.time && other.event > held.event);
}

const NO_DAYS: ReadonlyMap<string, number> = new Map();
const BARE_DOMAIN: DomainState = {
  firstSeen: undefined,
  lastSeen: undefined,
  vendor: false,
  isPublic: true,
  days: NO_DAYS,
};
const BARE_ORGANIZATION: OrganizationState = { vendor: false, isPublic: true, named: undefined };

/** What one action says, as states of the things it speaks of. */
export function lift(action: GraphAction): Entity[] {
  switch (action.type) {
    case 'sight-use': {
      const day = midnight(action.evidence.observedAt);
      const state = sighted(day, action.confidence, action.critical, action.evidence);
      return [
        claim('USES', action.source, action.subject, action.object, state, action.service),
        seen(action.subject, day),
        vendor(action.object, true),
      ];
    }
    case 'state-use':
      if (action.tenant !== undefined) return liftPrivate(action, action.tenant);
      return liftStatement('USES', action, action.subject, action.object, action.critical, action.service);
    case 'state-ownership':
      return liftStatement('OWNERSHIP_CLAIM', action, domain(action.domain), organization(action.organization));
    case 'state-same-as': {
      const [a, b] = [...action.organizations].sort() as [string, string];
      return liftStatement('SAME_AS', action, organization(a), organization(b));
    }
    case 'state-part-of':
      return liftStatement('PART_OF', action, organization(action.organization), organization(action.parent));
    case 'dismiss-use':
      return liftStatement('DISMISSED', action, action.subject, action.object, undefined, action.service);
    case 'observe-domain': {
      const day = midnight(action.observedAt);
      const days = new Map([[observedName(action), day]]);
      return [
        { entity: 'domain', name: action.domain, state: { ...BARE_DOMAIN, firstSeen: day, lastSeen: day, days } },
      ];
    }
    case 'complete-observation': {
      const days = new Map([[completeName(action), action.day * DAY]]);
      return [{ entity: 'domain', name: action.domain, state: { ...BARE_DOMAIN, days } }];
    }
    case 'name-organization': {
      const state = { ...BARE_ORGANIZATION, named: { name: action.name, time: action.time } };
      return [{ entity: 'organization', key: action.key, state }];
    }
    case 'report-incident':
      return [
        { entity: 'incident', key: `${action.source}:${action.id}`, state: action },
        ...action.affects.map((end) => vendor(end, false)),
      ];
    case 'withdraw-source':
      return [liftWithdrawal(action)];
    case 'change-portfolio':
      return liftPortfolio(action);
  }
}

function liftWithdrawal({ source, before, tenant }: WithdrawSource): SourceEntity {
  const whose = tenant === undefined ? {} : { tenant };
  return { entity: 'source', id: source, ...whose, state: { withdrawnBefore: before } };
}

/** What a private claim says of its ends is that they are there, for its own tenant. */
function liftPrivate({ subject, object, service, critical, ...statement }: StateUse, tenant: string): Entity[] {
  const key: ClaimKey = { kind: 'PRIVATE_USES', source: statement.source, subject, service, object, tenant };
  const state = stated(statement, critical);
  return [{ entity: 'claim', key, state }, mentioned(subject), mentioned(object)];
}

function liftStatement(
  kind: ClaimKind,
  statement: Statement,
  subject: Reference,
  object: Reference,
  critical?: boolean,
  service?: Service,
): Entity[] {
  const { source, time, retracted } = statement;
  const state = stated(statement, critical);
  const claimed = claim(kind, source, subject, object, state, service);
  // Who dismisses has not seen the domain.
  if (retracted || kind === 'DISMISSED') return [claimed, vendor(subject, false), vendor(object, false)];
  return [claimed, seen(subject, time), vendor(object, kind === 'USES')];
}

function stated(
  { time, event, retracted, confidence, author, reason, evidence }: Statement,
  critical?: boolean,
): ClaimState {
  if (retracted) return { ...NO_CLAIM, retracted: { time, event, author, reason } };
  return {
    firstSeen: time,
    lastSeen: time,
    sightedConfidence: undefined,
    stated: { time, event, confidence, author, reason },
    retracted: undefined,
    critical: critical === undefined ? undefined : { day: midnight(time), value: critical },
    evidence: [evidence],
  };
}

function sighted(day: number, confidence: number, critical: boolean | undefined, evidence: Evidence): ClaimState {
  return {
    firstSeen: day,
    lastSeen: day,
    sightedConfidence: confidence,
    stated: undefined,
    retracted: undefined,
    critical: critical === undefined ? undefined : { day, value: critical },
    evidence: [evidence],
  };
}

function claim(
  kind: ClaimKind,
  source: string,
  subject: Reference,
  object: Reference,
  state: ClaimState,
  service?: Service,
): ClaimEntity {
  return { entity: 'claim', key: { kind, source, subject, service, object }, state };
}

export const observedName = ({ source, stream }: Pick<ObserveDomain, 'source' | 'stream'>): string =>
  `observed.${source}.${stream}`;
export const completeName = ({ source, service }: Pick<CompleteObservation, 'source' | 'service'>): string =>
  `complete.${source}.${service}`;

const domain = (name: string): Reference => ({ kind: 'domain', name });
const organization = (key: string): Reference => ({ kind: 'organization', key });

function seen(end: Reference, time: number): Entity {
  return end.kind === 'domain'
    ? { entity: 'domain', name: end.name, state: { ...BARE_DOMAIN, firstSeen: time, lastSeen: time } }
    : vendor(end, false);
}

const vendor = (end: Reference, isVendor: boolean): Entity => bare(end, { vendor: isVendor });
/** That it is there, for those alone who are told so. */
const mentioned = (end: Reference): Entity => bare(end, { isPublic: false });

function bare(end: Reference, more: Partial<Pick<DomainState, 'vendor' | 'isPublic'>>): Entity {
  return end.kind === 'domain'
    ? { entity: 'domain', name: end.name, state: { ...BARE_DOMAIN, ...more } }
    : { entity: 'organization', key: end.key, state: { ...BARE_ORGANIZATION, ...more } };
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}

function greatest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.max(a, b);
}

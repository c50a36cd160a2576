import type { GraphAction, Reference } from './actions.ts';
import {
  type ClaimEntity,
  type ClaimKind,
  type DomainEntity,
  type Entity,
  type Fact,
  type IncidentEntity,
  identify,
  join,
  lift,
  type OrganizationEntity,
  type SourceEntity,
} from './fold.ts';
import { type FollowingEntity, portfolioKey } from './portfolio-state.ts';
import type { Wanted } from './statements/write.ts';

/** Everything that a slice of events wants to change, before anybody has looked at the database. */
export interface Batch {
  /** The states that each event asks for, by the event's place in the slice. */
  readonly events: readonly (readonly Entity[])[];
  /** What the batch changes the state or the claims of, sorted, so that two writers wait instead of deadlocking. */
  readonly domains: readonly Wanted[];
  readonly organizations: readonly Wanted[];
  readonly incidents: readonly string[];
  /** Keys of portfolios, and what of theirs is followed or no longer. */
  readonly portfolios: readonly string[];
  readonly followings: ReadonlyMap<string, FollowingEntity>;
  /** By source, the latest of the slice. */
  readonly withdrawals: ReadonlyMap<string, SourceEntity>;
  /**
   * What is only pointed at, by `identifyEnd`, whether or not the event turns out to be outdated: an outdated version of an
   * incident must leave what it would have left.
   */
  readonly pointedAt: ReadonlyMap<string, PointedAt>;
  /** Sources that claim something about identity. */
  readonly identitySources: readonly string[];
}

/** The object of a claim, or whom an incident names. */
export interface PointedAt {
  readonly kind: Reference['kind'];
  /** A domain's name or an organization's key. */
  readonly id: string;
  /** Somebody says that it is used, and everybody may know. */
  readonly vendor: boolean;
  /** Something that everybody may know points at it. */
  readonly isPublic: boolean;
}

const IDENTITY_KINDS: ReadonlySet<ClaimKind> = new Set(['OWNERSHIP_CLAIM', 'SAME_AS']);

/** Lifts the events' actions and collects which nodes and claims they touch. Pure. */
export function planBatch(events: readonly (readonly GraphAction[])[]): Batch {
  const lifted = events.map((actions) => actions.flatMap(lift));
  const domains = new Map<string, Touched>();
  const organizations = new Map<string, Touched>();
  const pointedAt = new Map<string, PointedAt>();
  const incidents = new Set<string>();
  const withdrawals = new Map<string, SourceEntity>();
  const identitySources = new Set<string>();
  const plan = (entity: Fact): void => {
    const bare = onlyPointedAt(entity);
    if (bare !== undefined) {
      pointAt(pointedAt, bare);
    } else if (entity.entity === 'domain') {
      touch(domains, entity.name, true);
    } else if (entity.entity === 'organization') {
      touch(organizations, entity.key, true);
    } else if (entity.entity === 'claim') {
      const { subject, source, kind, tenant } = entity.key;
      if (subject.kind === 'domain') touch(domains, subject.name, tenant === undefined, source);
      else touch(organizations, subject.key, tenant === undefined, source);
      if (IDENTITY_KINDS.has(kind)) identitySources.add(source);
    } else if (entity.entity === 'incident') {
      incidents.add(entity.key);
    } else {
      const held = withdrawals.get(entity.id);
      if (held === undefined || join(held, entity) !== held) withdrawals.set(entity.id, entity);
    }
  };
  for (const entities of lifted) {
    for (const entity of entities) if (isFact(entity)) plan(entity);
  }
  return {
    events: lifted,
    domains: wanted(domains),
    organizations: wanted(organizations),
    incidents: [...incidents].sort(),
    ...portfoliosIn(lifted.flat()),
    withdrawals,
    pointedAt,
    identitySources: [...identitySources].sort(),
  };
}

function portfoliosIn(entities: readonly Entity[]): Pick<Batch, 'portfolios' | 'followings'> {
  const portfolios = entities.filter((e) => e.entity === 'portfolio').map(({ tenant, id }) => portfolioKey(tenant, id));
  const followings = entities.filter((e) => e.entity === 'following');
  return {
    portfolios: [...new Set(portfolios)].sort(),
    followings: new Map(followings.map((following) => [identify(following), following])),
  };
}

/** What a batch comes to, once joined with what the database holds. */
export interface Outcome {
  /** Whether each event has changed anything. */
  readonly changed: readonly boolean[];
  /** New states of what has changed, by identity. */
  readonly dirty: ReadonlyMap<string, Entity>;
}

/** Joins the events, in their order, to the states that were read. Pure; `stored` is left as it is. */
export function foldBatch(batch: Batch, stored: ReadonlyMap<string, Entity>): Outcome {
  const current = new Map(stored);
  const dirty = new Map<string, Entity>();
  const changed = batch.events.map((entities) => {
    let isChanged = false;
    for (const entity of entities) {
      if (onlyPointedAt(entity) !== undefined) {
        continue;
      }
      const id = identify(entity);
      const held = current.get(id);
      const next = held === undefined ? entity : join(held, entity);
      if (next !== held) {
        current.set(id, next);
        dirty.set(id, next);
        isChanged = true;
      }
    }
    return isChanged;
  });
  return { changed, dirty };
}

/** Nothing that the node says of itself changes: it is made and labelled where a claim that points at it is written. */
function onlyPointedAt(e: Entity): DomainEntity | OrganizationEntity | undefined {
  const isBare =
    (e.entity === 'domain' && e.state.firstSeen === undefined && e.state.days.size === 0) ||
    (e.entity === 'organization' && e.state.named === undefined);
  return isBare ? e : undefined;
}

const isFact = (e: Entity): e is Fact => e.entity !== 'portfolio' && e.entity !== 'following';
export const isClaim = (e: Entity): e is ClaimEntity => e.entity === 'claim';
export const isIncident = (e: Entity): e is IncidentEntity => e.entity === 'incident';

/** `USES domain organization` and the like: which statement creates the claim. */
export const claimShape = ({ key }: ClaimEntity): string => `${key.kind} ${key.subject.kind} ${key.object.kind}`;

export const endId = (end: Reference): string => (end.kind === 'domain' ? end.name : end.key);

function pointAt(nodes: Map<string, PointedAt>, e: DomainEntity | OrganizationEntity): void {
  const name = identify(e);
  const held = nodes.get(name);
  const vendor = e.state.vendor || held?.vendor === true;
  const isPublic = e.state.isPublic || held?.isPublic === true;
  if (held?.vendor !== vendor || held.isPublic !== isPublic) {
    nodes.set(name, { kind: e.entity, id: name.slice(2), vendor, isPublic });
  }
}

/** What is changed of a node: the claims of these sources, and something that everybody may know. */
interface Touched {
  readonly sources: Set<string>;
  isPublic: boolean;
}

function touch(nodes: Map<string, Touched>, id: string, isPublic: boolean, source?: string): void {
  let touched = nodes.get(id);
  if (touched === undefined) {
    touched = { sources: new Set(), isPublic };
    nodes.set(id, touched);
  }
  touched.isPublic ||= isPublic;
  if (source !== undefined) touched.sources.add(source);
}

const wanted = (nodes: ReadonlyMap<string, Touched>): Wanted[] =>
  [...nodes]
    .map(([id, { sources, isPublic }]) => ({ id, sources: [...sources], isPublic }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));

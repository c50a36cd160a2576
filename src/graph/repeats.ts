import type { GraphAction, Reference, SightUse } from './actions.ts';
import { DAY, midnight } from './claim-state.ts';
import { completeName, observedName } from './fold.ts';
import { sightingsName } from './properties.ts';
import { createRecent, type Digest, digestOf, type Recent } from './recent.ts';
import { addSighting, eachSighting, type Sightings } from './sightings.ts';
import type { Recalled, RecalledDomain } from './statements/write.ts';

/** How many sightings a writer remembers at most, in 25 MB. A forgotten one costs a read, never a wrong answer. */
export const REMEMBERED = 2 ** 20;

/**
 * What a writer knows to be in the graph, so that seeing it again on the same day costs nothing, and locks no vendor.
 * Something is remembered only after it was committed, and all is forgotten when the database is another.
 */
export interface Repeats {
  /** Whether the action can add nothing to what is committed. */
  covers(named: NamedAction): boolean;
  remember(actions: readonly NamedAction[]): void;
  /** Remembers what was read of domains. */
  recall(domains: readonly RecalledDomain[]): void;
  forget(): void;
}

/** An action, and what it is remembered by; undefined where it is not remembered. */
export interface NamedAction {
  readonly action: GraphAction;
  readonly digest: Digest | undefined;
}

export function nameAction(action: GraphAction): NamedAction {
  const name = repeatName(action);
  return { action, digest: name === undefined ? undefined : digestOf(name) };
}

export function createRepeats(max = REMEMBERED): Repeats {
  /** The time, by name, from when on (of a sighting) or until when (of an organization's name) nothing is new. */
  const times = createRecent(max);
  return {
    covers({ action, digest }) {
      const held = digest === undefined ? undefined : times.get(digest);
      if (held === undefined) {
        return false;
      }
      switch (action.type) {
        case 'sight-use':
          // Of equal times the smaller document is kept, so only a later one certainly adds nothing.
          return held < action.evidence.observedAt;
        case 'name-organization':
          return held >= action.time;
        default:
          return true;
      }
    },
    remember(actions) {
      for (const { action, digest } of actions) {
        if (digest !== undefined) rememberAction(times, digest, action);
      }
    },
    recall(domains) {
      for (const domain of domains) recallDomain(times, domain);
    },
    forget: () => times.clear(),
  };
}

function rememberAction(times: Recent, digest: Digest, action: GraphAction): void {
  switch (action.type) {
    case 'sight-use':
      times.set(digest, action.evidence.observedAt, Math.min);
      break;
    case 'name-organization':
      times.set(digest, action.time, Math.max);
      break;
    default:
      times.set(digest, 0, Math.max);
  }
}

function recallDomain(times: Recent, { name: domain, days, sightings }: RecalledDomain): void {
  for (const [name, day] of days) times.set(digestOf(dayName(name, domain, day)), 0, Math.max);
  for (const value of sightings) eachSighting(value, (digest, time) => times.set(digest, time, Math.min));
}

/**
 * Equal for two actions that say the same but for the time of day and the document: of each day and host the earliest
 * evidence is kept. Claims that are stated carry their exact time, so they have no such name.
 */
function repeatName(a: GraphAction): string | undefined {
  switch (a.type) {
    case 'sight-use':
      return sightingName(a);
    case 'observe-domain':
      return dayName(observedName(a), a.domain, midnight(a.observedAt));
    case 'complete-observation':
      return dayName(completeName(a), a.domain, a.day * DAY);
    case 'name-organization':
      return `n\t${a.key}\t${a.name}`;
    default:
      return undefined;
  }
}

/** The domains that the actions say were looked at, and by whom: what is kept of it may cover the actions. */
export function lookedAt(actions: readonly NamedAction[]): Recalled {
  const names = new Set<string>();
  const sources = new Set<string>();
  for (const { action } of actions) {
    if (action.type === 'observe-domain' || action.type === 'complete-observation') names.add(action.domain);
    else if (action.type === 'sight-use' && action.subject.kind === 'domain') {
      names.add(action.subject.name);
      sources.add(action.source);
    }
  }
  return { names: [...names], sightings: [...sources].map(sightingsName) };
}

/** By domain, and by the property that keeps it. */
export type SightingsByDomain = ReadonlyMap<string, ReadonlyMap<string, Sightings>>;

/** What each source sighted of domains, on the newest day of each. */
export function sightingsIn(actions: readonly NamedAction[]): SightingsByDomain {
  const byDomain = new Map<string, Map<string, { day: number; times: Map<Digest, number> }>>();
  for (const { action, digest } of actions) {
    if (action.type !== 'sight-use' || action.subject.kind !== 'domain' || digest === undefined) continue;
    const { observedAt } = action.evidence;
    const day = midnight(observedAt);
    const property = sightingsName(action.source);
    let held = byDomain.get(action.subject.name);
    if (held === undefined) {
      held = new Map();
      byDomain.set(action.subject.name, held);
    }
    let sightings = held.get(property);
    if (sightings === undefined || day > sightings.day) {
      sightings = { day, times: new Map() };
      held.set(property, sightings);
    }
    if (day === sightings.day) addSighting(sightings.times, digest, observedAt);
  }
  return byDomain;
}

/** Its digest is kept in the database: what says something else must not get a name that said another thing before. */
function sightingName({ source, service, subject, object, evidence, confidence, critical }: SightUse): string {
  const day = midnight(evidence.observedAt);
  return `${source}\t${service}\t${nameOf(subject)}\t${nameOf(object)}\t${day}\t${evidence.host}\t${confidence}\t${critical ?? ''}`;
}

const dayName = (name: string, domain: string, day: number): string => `d\t${name}\t${domain}\t${day}`;

/** An organization's key could be a domain's name. */
const nameOf = (end: Reference): string => (end.kind === 'domain' ? end.name : `=${end.key}`);

import { LRUCache } from 'lru-cache';
import type { GraphAction, NameOrganization, Reference, SightUse } from './actions.ts';
import { DAY, midnight } from './claim-state.ts';
import { completeName, observedName } from './fold.ts';
import {
  addSighting,
  type Digest,
  digestOf,
  type KeptSightings,
  openSightings,
  type Sightings,
  sightedAt,
} from './sightings.ts';

/** About how many bytes a writer remembers of domains, at most. What is forgotten costs a read, never a wrong answer. */
export const REMEMBERED = 12 * 2 ** 20;
/** About what they take: a domain, and each day or source of it, besides the text of its sightings. */
const DOMAIN_BYTES = 200;
const PART_BYTES = 100;
/** Names of organizations that a writer remembers at most. */
const REMEMBERED_NAMES = 2 ** 14;

/**
 * What a writer knows to be in the graph, so that seeing it again on the same day costs nothing, and locks no vendor.
 * Something is remembered only after it was committed, and all is forgotten when the database is another.
 */
export interface Repeats {
  /** Whether the action can add nothing to what is committed. */
  covers(action: GraphAction): boolean;
  /** Remembers what the graph holds of domains. */
  remember(domains: readonly KnownDomain[]): void;
  /** Remembers what is no domain's of actions that are committed. */
  rememberNames(actions: readonly GraphAction[]): void;
  forget(): void;
}

export interface KnownDomain {
  readonly name: string;
  /** On which days (midnights) it was looked at, by the names of the domain's properties. */
  readonly days: readonly (readonly [name: string, day: number])[];
  /** By source, what the domain keeps of its sightings, if anything. */
  readonly sightings: readonly (readonly [source: string, value: unknown])[];
}

interface Remembered {
  readonly days: KnownDomain['days'];
  readonly sightings: ReadonlyMap<string, KeptSightings>;
}

export function createRepeats(bytes = REMEMBERED): Repeats {
  const domains = new LRUCache<string, Remembered>({
    max: Math.ceil(bytes / DOMAIN_BYTES),
    maxSize: bytes,
    sizeCalculation: sizeOf,
  });
  /** The time until when the name is not new. */
  const names = new LRUCache<string, number>({ max: REMEMBERED_NAMES });
  /** What was asked for last: what was seen of a page is asked for one after the other. */
  let last: { readonly name: string; readonly domain: Remembered | undefined } | undefined;
  const find = (name: string): Remembered | undefined => {
    if (last?.name !== name) last = { name, domain: domains.get(name) };
    return last.domain;
  };
  const wasLookedAt = (domain: string, name: string, day: number): boolean =>
    find(domain)?.days.some(([held, on]) => held === name && on === day) ?? false;

  return {
    covers(a) {
      switch (a.type) {
        case 'sight-use':
          return a.subject.kind === 'domain' && isSighted(find(a.subject.name), a);
        case 'observe-domain':
          return wasLookedAt(a.domain, observedName(a), midnight(a.observedAt));
        case 'complete-observation':
          return wasLookedAt(a.domain, completeName(a), a.day * DAY);
        case 'name-organization':
          return (names.get(nameKey(a)) ?? Number.NEGATIVE_INFINITY) >= a.time;
        default:
          return false;
      }
    },
    remember(known) {
      last = undefined;
      for (const { name, days, sightings } of known) {
        const bySource = new Map(domains.peek(name)?.sightings);
        for (const [source, value] of sightings) {
          const kept = openSightings(value);
          if (kept !== undefined) bySource.set(source, kept);
        }
        domains.set(name, { days, sightings: bySource });
      }
    },
    rememberNames(actions) {
      for (const a of actions) {
        if (a.type === 'name-organization') {
          names.set(nameKey(a), Math.max(a.time, names.peek(nameKey(a)) ?? Number.NEGATIVE_INFINITY));
        }
      }
    },
    forget() {
      last = undefined;
      domains.clear();
      names.clear();
    },
  };
}

function sizeOf({ days, sightings }: Remembered): number {
  let bytes = DOMAIN_BYTES + (days.length + sightings.size) * PART_BYTES;
  for (const { text } of sightings.values()) bytes += text.length;
  return bytes;
}

/**
 * Of each day and host the earliest evidence is kept, and of equal times the smaller document: only a later sighting
 * certainly adds nothing.
 */
function isSighted(domain: Remembered | undefined, action: SightUse): boolean {
  const { observedAt } = action.evidence;
  const kept = domain?.sightings.get(action.source);
  if (kept === undefined || kept.day !== midnight(observedAt)) return false;
  const held = sightedAt(kept, digestOf(sightingName(action)));
  return held !== undefined && held < observedAt;
}

const nameKey = ({ key, name }: NameOrganization): string => `${key}\t${name}`;

/** The domains that the actions say were looked at, and by whom: what is kept of it may cover the actions. */
export function lookedAt(events: readonly (readonly GraphAction[])[]): {
  readonly names: string[];
  readonly sources: string[];
} {
  const names = new Set<string>();
  const sources = new Set<string>();
  for (const actions of events) {
    for (const action of actions) {
      if (action.type === 'observe-domain' || action.type === 'complete-observation') names.add(action.domain);
      else if (action.type === 'sight-use' && action.subject.kind === 'domain') {
        names.add(action.subject.name);
        sources.add(action.source);
      }
    }
  }
  return { names: [...names], sources: [...sources] };
}

/** By domain and source. */
export type SightingsByDomain = ReadonlyMap<string, ReadonlyMap<string, Sightings>>;

/** What each source sighted of domains, on the newest day of each. */
export function sightingsIn(actions: readonly GraphAction[]): SightingsByDomain {
  const byDomain = new Map<string, Map<string, { day: number; times: Map<Digest, number> }>>();
  for (const action of actions) {
    if (action.type !== 'sight-use' || action.subject.kind !== 'domain') continue;
    const { observedAt } = action.evidence;
    const day = midnight(observedAt);
    let held = byDomain.get(action.subject.name);
    if (held === undefined) {
      held = new Map();
      byDomain.set(action.subject.name, held);
    }
    let sightings = held.get(action.source);
    if (sightings === undefined || day > sightings.day) {
      sightings = { day, times: new Map() };
      held.set(action.source, sightings);
    }
    if (day === sightings.day) addSighting(sightings.times, digestOf(sightingName(action)), observedAt);
  }
  return byDomain;
}

/**
 * Equal for two sightings that say the same but for the time of day and the document. Its digest is kept in the database:
 * what says something else must not get a name that said another thing before.
 */
function sightingName({ source, service, subject, object, evidence, confidence, critical }: SightUse): string {
  const day = midnight(evidence.observedAt);
  return `${source}\t${service}\t${nameOf(subject)}\t${nameOf(object)}\t${day}\t${evidence.host}\t${confidence}\t${critical ?? ''}`;
}

/** An organization's key could be a domain's name. */
const nameOf = (end: Reference): string => (end.kind === 'domain' ? end.name : `=${end.key}`);

import type { GraphAction, Reference } from './actions.ts';
import { DAY, midnight } from './claim-state.ts';
import { completeName, observedName } from './fold.ts';
import { dayNames, evidenceHost, evidenceTime } from './properties.ts';
import { createRecent, type Digest, digestOf, type Recent } from './recent.ts';
import type { RecalledDomain } from './statements/write.ts';

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
  /** Remembers what was read of domains: of the sightings on these days (midnights), what is left of them. */
  recall(domains: readonly RecalledDomain[], days: ReadonlySet<number>): void;
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
    recall(domains, days) {
      for (const domain of domains) recallDomain(times, domain, days);
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

function recallDomain(
  times: Recent,
  { name: subject, properties, claims }: RecalledDomain,
  days: ReadonlySet<number>,
): void {
  for (const name of dayNames(properties)) {
    times.set(digestOf(dayName(name, subject, properties[name] as number)), 0, Math.max);
  }
  for (const [object, source, service, confidence, criticalDay, critical, evidence, statedAt] of claims) {
    if (statedAt !== null) continue;
    // Each piece is the earliest sighting of its day and host, and the claim holds what that sighting said besides.
    for (const piece of evidence) {
      const time = evidenceTime(piece);
      const day = midnight(time);
      if (!days.has(day)) continue;
      const host = evidenceHost(piece);
      const measured = criticalDay === day ? critical : undefined;
      const sighting = { subject, object, source, service, day, host, confidence, measured };
      times.set(digestOf(sightingName(sighting)), time, Math.min);
    }
  }
}

/**
 * Equal for two actions that say the same but for the time of day and the document: of each day and host the earliest
 * evidence is kept. Claims that are stated carry their exact time, so they have no such name.
 */
function repeatName(a: GraphAction): string | undefined {
  switch (a.type) {
    case 'sight-use':
      return sightingName({
        subject: nameOf(a.subject),
        object: nameOf(a.object),
        source: a.source,
        service: a.service,
        day: midnight(a.evidence.observedAt),
        host: a.evidence.host,
        confidence: a.confidence,
        measured: a.critical,
      });
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

/** The domains that the actions say were looked at, by whom, and on which days (midnights): what `recall` can help with. */
export function sightedDomains(actions: readonly GraphAction[]) {
  const sources = new Map<string, Set<string>>();
  const days = new Set<number>();
  const add = (domain: string, source: string): void => {
    const held = sources.get(domain);
    if (held === undefined) sources.set(domain, new Set([source]));
    else held.add(source);
  };
  for (const action of actions) {
    if (action.type === 'observe-domain' || action.type === 'complete-observation') add(action.domain, action.source);
    else if (action.type === 'sight-use' && action.subject.kind === 'domain') {
      add(action.subject.name, action.source);
      days.add(midnight(action.evidence.observedAt));
    }
  }
  return { rows: [...sources].map(([id, by]) => ({ id, sources: [...by] })), days };
}

interface Sighting {
  readonly subject: string;
  readonly object: string;
  readonly source: string;
  readonly service: string;
  readonly day: number;
  readonly host: string;
  readonly confidence: number;
  readonly measured: boolean | null | undefined;
}

const sightingName = (s: Sighting): string =>
  `${s.source}\t${s.service}\t${s.subject}\t${s.object}\t${s.day}\t${s.host}\t${s.confidence}\t${s.measured ?? ''}`;

const dayName = (name: string, domain: string, day: number): string => `d\t${name}\t${domain}\t${day}`;

/** As recalled objects are named: an organization's key could be a domain's name. */
const nameOf = (end: Reference): string => (end.kind === 'domain' ? end.name : `=${end.key}`);

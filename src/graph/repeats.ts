import type { GraphAction } from './actions.ts';
import { DAY, midnight } from './claim-state.ts';
import { createRecent } from './recent.ts';

/** How many sightings a writer remembers at most: about 100 MB. A forgotten one costs a read, never a wrong answer. */
export const REMEMBERED = 250_000;

/**
 * What a writer knows to be in the graph, so that seeing it again on the same day costs nothing, and locks no vendor.
 * Something is remembered only after it was committed, and all is forgotten when the database is another.
 */
export interface Repeats {
  /** Whether the action can add nothing to what is committed. */
  covers(action: GraphAction): boolean;
  remember(actions: readonly GraphAction[]): void;
  forget(): void;
}

export function createRepeats(max = REMEMBERED): Repeats {
  /** The time, by name, from when on (of a sighting) or until when (of an organization's name) nothing is new. */
  const times = createRecent<number>(max);
  return {
    covers(action) {
      const name = repeatName(action);
      const held = name === undefined ? undefined : times.get(name);
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
      for (const action of actions) {
        const name = repeatName(action);
        if (name !== undefined) {
          times.set(name, knownTime(action, times.get(name)));
        }
      }
    },
    forget: () => times.clear(),
  };
}

function knownTime(action: GraphAction, held: number | undefined): number {
  switch (action.type) {
    case 'sight-use':
      return Math.min(action.evidence.observedAt, held ?? action.evidence.observedAt);
    case 'name-organization':
      return Math.max(action.time, held ?? action.time);
    default:
      return 0;
  }
}

/**
 * Equal for two actions that say the same but for the time of day and the document: of each day and host the earliest
 * evidence is kept. Claims that are stated carry their exact time, so they have no such name.
 */
function repeatName(a: GraphAction): string | undefined {
  switch (a.type) {
    case 'sight-use': {
      const { source, service, confidence, critical, evidence } = a;
      const subject = a.subject.kind === 'domain' ? a.subject.name : `=${a.subject.key}`;
      const object = a.object.kind === 'domain' ? a.object.name : `=${a.object.key}`;
      const day = midnight(evidence.observedAt) / DAY;
      return `${source}\t${service}\t${subject}\t${object}\t${day}\t${evidence.host}\t${confidence}\t${critical ?? ''}`;
    }
    case 'observe-domain':
      return `o\t${a.source}\t${a.stream}\t${a.domain}\t${midnight(a.observedAt) / DAY}`;
    case 'complete-observation':
      return `c\t${a.source}\t${a.service}\t${a.domain}\t${a.day}`;
    case 'name-organization':
      return `n\t${a.key}\t${a.name}`;
    default:
      return undefined;
  }
}

import { LRUCache } from 'lru-cache';
import type { GraphAction } from './actions.ts';
import { DAY, midnight } from './claim-state.ts';

/** How many sightings a writer remembers: about 100 MB at most. A forgotten one costs a read, never a wrong answer. */
export const REMEMBERED = 250_000;

/**
 * What a writer knows to be in the graph, so that seeing it again on the same day costs nothing. Something is remembered
 * only after it was committed, and all is forgotten when the database is another.
 */
export interface Repeats {
  /** Whether each of these actions can add nothing to what is committed. */
  covers(actions: readonly GraphAction[]): boolean;
  remember(actions: readonly GraphAction[]): void;
  forget(): void;
}

export function createRepeats(max = REMEMBERED): Repeats {
  const earliest = new LRUCache<string, number>({ max });
  return {
    covers: (actions) =>
      actions.every((action) => {
        const name = sameDayName(action);
        const held = name === undefined ? undefined : earliest.get(name);
        return held !== undefined && (held < timeOf(action) || action.type !== 'sight-use');
      }),
    remember(actions) {
      for (const action of actions) {
        const name = sameDayName(action);
        if (name !== undefined) {
          const time = timeOf(action);
          const held = earliest.get(name);
          earliest.set(name, held === undefined ? time : Math.min(held, time));
        }
      }
    },
    forget: () => earliest.clear(),
  };
}

/**
 * Equal for two actions of which the later one adds nothing to the earlier: all that they say is the same but for the
 * time of day and the document, and of each day and host the earliest evidence is kept. Statements carry their exact
 * time, so they have no such name.
 */
function sameDayName(a: GraphAction): string | undefined {
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
    default:
      return undefined;
  }
}

/** Only of a sighting's evidence does the time of day matter. */
function timeOf(action: GraphAction): number {
  return action.type === 'sight-use' ? action.evidence.observedAt : 0;
}

import { type DeadLetter, decodeDeadLetter } from './dead-letters.ts';
import type { Kafka } from './kafka.ts';
import { readToEnd } from './read.ts';
import { DEAD_LETTER_TOPICS, type Group } from './topics.ts';

/** Which letters are meant; what is left out is not asked of them. */
export interface LetterFilter {
  readonly stream?: string | undefined;
  readonly source?: string | undefined;
  readonly code?: string | undefined;
}

/** A letter without the bytes that were refused. */
export type LetterSummary = Pick<
  DeadLetter,
  'id' | 'source' | 'stream' | 'document' | 'place' | 'code' | 'reason' | 'topic' | 'partition' | 'truncated'
> & {
  readonly group: Group;
  readonly offset: number;
  /** Milliseconds since 1970, UTC. */
  readonly refusedAt: number;
  /** Size of what was kept of the original. */
  readonly bytes: number;
  readonly parts: readonly { readonly place: string; readonly code: string; readonly reason: string }[];
};

const GROUPS_OF_TOPICS = new Map(Object.entries(DEAD_LETTER_TOPICS).map(([group, topic]) => [topic, group as Group]));

/** Reads every letter, and every note of a redrive, of all dead-letter topics; per letter, in the order of writing. */
export async function readLetters(kafka: Kafka, see: (letter: DeadLetter, group: Group) => Promise<void> | void) {
  await readToEnd(kafka, Object.values(DEAD_LETTER_TOPICS), async ({ topic, records }) => {
    const group = GROUPS_OF_TOPICS.get(topic);
    if (group === undefined) return;
    for (const { value } of records) {
      if (value !== null) await see(decodeDeadLetter(value), group);
    }
  });
}

/**
 * The newest letters that were not sent again yet, newest first, each once. Memory is bounded by `limit`.
 * @returns `total` of those that match; it counts a letter twice that a crash wrote twice and `limit` let go between
 */
export async function openLetters(
  kafka: Kafka,
  filter: LetterFilter,
  limit: number,
): Promise<{ readonly letters: LetterSummary[]; readonly total: number }> {
  const open = new Map<string, LetterSummary>();
  let letGo = 0;
  await readLetters(kafka, (letter, group) => {
    if (letter.redriven) open.delete(letter.id);
    else if (matches(letter, filter)) open.set(letter.id, summary(letter, group));
    if (open.size < 2 * limit + 100) return;
    for (const old of newestFirst(open).slice(limit)) {
      open.delete(old.id);
      letGo++;
    }
  });
  return { letters: newestFirst(open).slice(0, limit), total: open.size + letGo };
}

/** The letter with this id, and whether it was sent again since. */
export async function findLetter(
  kafka: Kafka,
  id: string,
): Promise<{ readonly letter: DeadLetter; readonly group: Group; readonly redriven: boolean } | undefined> {
  let found: { letter: DeadLetter; group: Group; redriven: boolean } | undefined;
  await readLetters(kafka, (letter, group) => {
    if (letter.id !== id) return;
    if (letter.redriven && found !== undefined) found.redriven = true;
    else if (!letter.redriven) found ??= { letter, group, redriven: false };
  });
  return found;
}

/** The ids of all letters that match and were not sent again yet. */
export async function openIds(kafka: Kafka, filter: LetterFilter): Promise<Set<string>> {
  const open = new Set<string>();
  await readLetters(kafka, (letter) => {
    if (letter.redriven) open.delete(letter.id);
    else if (matches(letter, filter)) open.add(letter.id);
  });
  return open;
}

function matches(letter: DeadLetter, { stream, source, code }: LetterFilter): boolean {
  const codes = [letter.code, ...letter.parts.map((part) => part.code)];
  return (
    (stream === undefined || letter.stream === stream) &&
    (source === undefined || letter.source === source) &&
    (code === undefined || codes.includes(code))
  );
}

/** What may be shown of a letter. */
export function summary(letter: DeadLetter, group: Group): LetterSummary {
  const { id, source, stream, document, place, code, reason, topic, partition, truncated } = letter;
  return {
    group,
    id,
    source,
    stream,
    document,
    place,
    code,
    reason,
    topic,
    partition,
    truncated,
    offset: Number(letter.offset),
    refusedAt: Number(letter.refusedAt),
    bytes: letter.original.length,
    parts: letter.parts.map((part) => ({ place: part.place, code: part.code, reason: part.reason })),
  };
}

function newestFirst(letters: ReadonlyMap<string, LetterSummary>): LetterSummary[] {
  return [...letters.values()].sort((a, b) => b.refusedAt - a.refusedAt || (a.id < b.id ? -1 : 1));
}

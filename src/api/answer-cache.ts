import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

const DAY = 86_400_000;

/**
 * The longest that an answer is given again, in ms. At one version, on one day, an answer may still change: a claim or a
 * retraction dated ahead comes into force, a source's promise runs out, the instant that it names grows old, and
 * incidents, observations and the sources' newest events are read from the database, which no version counts. All that
 * is late by this much and no more; a hundred clients that poll every second cost one execution in this time.
 */
export const LONGEST_LIFE = 5_000;
/** All answers together, in bytes. */
const MOST_BYTES = 64_000_000;

/** The whole body of an answer without errors. */
export interface Answer {
  readonly type: string;
  readonly body: Buffer;
  /** A strong one: of the body's bytes. */
  readonly etag: string;
}

interface Kept extends Answer {
  readonly version: string;
  /** Not given again from this instant on, ms since 1970. */
  readonly until: number;
}

/** Where an answer is kept: by question, one version of each. */
export interface Place {
  readonly question: string;
  readonly version: string;
}

/** Answers as they were sent; `bytes`: all together, 0 for none. */
export function createAnswerCache(bytes: number = MOST_BYTES) {
  const size = ({ body }: Kept, question: string) => body.length + 2 * question.length;
  const kept = bytes > 0 ? new LRUCache<string, Kept>({ maxSize: bytes, sizeCalculation: size }) : undefined;
  let sweptAt = Number.NEGATIVE_INFINITY;

  /** Otherwise answers that nobody may have again would fill all that may be kept, however little is asked. */
  function sweep(now: number): void {
    if (now < sweptAt + LONGEST_LIFE) return;
    sweptAt = now;
    for (const [question, { until }] of kept?.entries() ?? []) if (until <= now) kept?.delete(question);
  }

  return {
    find({ question, version }: Place, now: number): Answer | undefined {
      const found = kept?.get(question);
      return found?.version === version && now < found.until ? found : undefined;
    },
    /** `at`: the instant that the answer is for, ms since 1970. */
    keep({ question, version }: Place, answer: Answer, at: number): void {
      // Ages are counted in whole days of UTC.
      const midnight = (Math.floor(at / DAY) + 1) * DAY;
      const until = Math.min(at + LONGEST_LIFE, midnight);
      sweep(at);
      // One that took long is too old already.
      if (until > Date.now()) kept?.set(question, { ...answer, version, until });
    },
    /** What the answers and their questions take, in bytes. */
    bytes: (): number => kept?.calculatedSize ?? 0,
  };
}

/** An answer's bytes with their tag. */
export function toAnswer(type: string, text: string): Answer {
  const body = Buffer.from(text);
  return { type, body, etag: `"${createHash('sha256').update(body).digest('base64url')}"` };
}

/** Whether a client has these bytes, by its `If-None-Match` (RFC 9110, 13.1.2). */
export function isKnown(etag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false;
  const known = ifNoneMatch.split(',').map((one) => one.trim().replace(/^W\//, ''));
  return known.includes(etag) || known.includes('*');
}

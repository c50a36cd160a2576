import type { Evidence } from './actions.ts';

/**
 * What is known of one claim. Every field is a join of everything that was said of it, so that order, repetition and
 * partitioning of the events make no difference. Times are milliseconds since 1970, UTC.
 */
export interface ClaimState {
  /** Least and greatest of the sighted days' midnights and of the asserted times. */
  readonly firstSeen: number | undefined;
  readonly lastSeen: number | undefined;
  /** Strongest sighted. */
  readonly sightedConfidence: number | undefined;
  /** The newest assertion, by (time, event). */
  readonly stated: Stated | undefined;
  /** The newest retraction, by (time, event). */
  readonly retracted: Said | undefined;
  /** The newest measurement, true above false. */
  readonly critical: Measured | undefined;
  /** At most `MAX_EVIDENCE` pieces, in the order of `compareEvidence`. */
  readonly evidence: readonly Evidence[];
}

export interface Said {
  readonly time: number;
  readonly event: string;
  /** Who said so and why, where the source told. */
  readonly author?: string | undefined;
  readonly reason?: string | undefined;
}

export interface Stated extends Said {
  readonly confidence: number;
}

export interface Measured {
  /** Midnight of the day. */
  readonly day: number;
  readonly value: boolean;
}

export const MAX_EVIDENCE = 5;
export const DAY = 86_400_000;

/** Midnight, in UTC, of the day that the time lies in. */
export const midnight = (time: number): number => Math.floor(time / DAY) * DAY;

/** Nothing is known yet. */
export const NO_CLAIM: ClaimState = {
  firstSeen: undefined,
  lastSeen: undefined,
  sightedConfidence: undefined,
  stated: undefined,
  retracted: undefined,
  critical: undefined,
  evidence: [],
};

/** The least state that holds all that either state holds: commutative, associative, idempotent. */
export function joinClaims(a: ClaimState, b: ClaimState): ClaimState {
  return {
    firstSeen: pick(a.firstSeen, b.firstSeen, (x, y) => y < x),
    lastSeen: pick(a.lastSeen, b.lastSeen, (x, y) => y > x),
    sightedConfidence: pick(a.sightedConfidence, b.sightedConfidence, (x, y) => y > x),
    stated: pick(a.stated, b.stated, isSaidLater),
    retracted: pick(a.retracted, b.retracted, isSaidLater),
    critical: pick(a.critical, b.critical, (x, y) => y.day > x.day || (y.day === x.day && y.value && !x.value)),
    evidence: joinEvidence(a.evidence, b.evidence),
  };
}

/**
 * Of each (day, host) the earliest record, then the newest days first and hosts in their order. A second document of the
 * same day, which comes later, therefore changes nothing.
 */
function joinEvidence(a: readonly Evidence[], b: readonly Evidence[]): readonly Evidence[] {
  if (b.length === 0 || a === b) {
    return a;
  }
  if (a.length === 0) {
    return b;
  }
  const best = new Map<string, Evidence>();
  for (const piece of [...a, ...b]) {
    const slot = `${midnight(piece.observedAt)} ${piece.host}`;
    const held = best.get(slot);
    if (held === undefined || isEarlier(piece, held)) {
      best.set(slot, piece);
    }
  }
  return [...best.values()].sort(compareEvidence).slice(0, MAX_EVIDENCE);
}

function isEarlier(a: Evidence, b: Evidence): boolean {
  if (a.observedAt !== b.observedAt) {
    return a.observedAt < b.observedAt;
  }
  return a.document === b.document ? a.record < b.record : a.document < b.document;
}

function compareEvidence(a: Evidence, b: Evidence): number {
  const days = midnight(b.observedAt) - midnight(a.observedAt);
  if (days !== 0) {
    return days;
  }
  return a.host < b.host ? -1 : a.host > b.host ? 1 : 0;
}

export function equalClaims(a: ClaimState, b: ClaimState): boolean {
  return (
    a.firstSeen === b.firstSeen &&
    a.lastSeen === b.lastSeen &&
    a.sightedConfidence === b.sightedConfidence &&
    a.stated?.event === b.stated?.event &&
    a.retracted?.event === b.retracted?.event &&
    a.critical?.day === b.critical?.day &&
    a.critical?.value === b.critical?.value &&
    equalEvidence(a.evidence, b.evidence)
  );
}

function equalEvidence(a: readonly Evidence[], b: readonly Evidence[]): boolean {
  return (
    a === b ||
    (a.length === b.length &&
      a.every((piece, i) => {
        const other = b[i];
        return (
          other !== undefined &&
          piece.observedAt === other.observedAt &&
          piece.document === other.document &&
          piece.record === other.record &&
          piece.host === other.host
        );
      }))
  );
}

function isSaidLater(held: Said, other: Said): boolean {
  return other.time > held.time || (other.time === held.time && other.event > held.event);
}

function pick<T>(a: T | undefined, b: T | undefined, isBetter: (held: T, other: T) => boolean): T | undefined {
  if (a === undefined || b === undefined) {
    return a ?? b;
  }
  return isBetter(a, b) ? b : a;
}

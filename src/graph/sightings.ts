import { DIGEST_BYTES, type Digest } from './recent.ts';

/**
 * What a source sighted of a domain on the newest such day, in short: enough for a writer that remembers nothing to see
 * that a sighting is known, without its claims. Kept beside the facts, as a property of the domain. The join is
 * commutative, associative and idempotent, like those of the facts.
 */
export interface Sightings {
  /** Its midnight. */
  readonly day: number;
  /** The least time of the day, in whole milliseconds, by the digest of what was said. */
  readonly times: ReadonlyMap<Digest, number>;
}

/** Of more, the least digests are kept: which those are does not depend on their order. What is left out is folded again. */
export const MAX_SIGHTINGS = 256;

const DAY_BYTES = 8;
/** A digest, and the milliseconds since midnight. */
const ITEM = DIGEST_BYTES + 4;

/** Reads what `encodeSightings` gives; undefined where somebody else has written it. */
export function readSightings(value: unknown): Sightings | undefined {
  const times = new Map<Digest, number>();
  const day = eachSighting(value, (digest, time) => times.set(digest, time));
  return day === undefined ? undefined : { day, times };
}

/** As `readSightings`, for who has no use for a map. @returns the day */
export function eachSighting(value: unknown, tell: (digest: Digest, time: number) => void): number | undefined {
  if (typeof value !== 'string') return undefined;
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length < DAY_BYTES || (bytes.length - DAY_BYTES) % ITEM !== 0) return undefined;
  const text = bytes.toString('latin1');
  const day = bytes.readDoubleLE();
  if (!Number.isSafeInteger(day)) return undefined;
  for (let at = DAY_BYTES; at < bytes.length; at += ITEM) {
    tell(text.slice(at, at + DIGEST_BYTES) as Digest, day + bytes.readUInt32LE(at + DIGEST_BYTES));
  }
  return day;
}

/** In base64, since the driver reads bytes one by one: the day, then digests in their order, each with its time. */
export function encodeSightings({ day, times }: Sightings): string {
  const kept = [...times.keys()].sort().slice(0, MAX_SIGHTINGS);
  const bytes = Buffer.allocUnsafe(DAY_BYTES + kept.length * ITEM);
  let at = bytes.writeDoubleLE(day);
  for (const digest of kept) {
    at += bytes.write(digest, at, DIGEST_BYTES, 'latin1');
    at = bytes.writeUInt32LE(Math.ceil((times.get(digest) as number) - day), at);
  }
  return bytes.toString('base64');
}

/** What is held with more of it; undefined where that adds nothing. */
export function joinSightings(held: unknown, more: Sightings): string | undefined {
  const read = readSightings(held);
  if (read === undefined || more.day > read.day) return encodeSightings(more);
  if (more.day < read.day) return undefined;
  const times = new Map(read.times);
  let isChanged = false;
  for (const [digest, time] of more.times) isChanged = addSighting(times, digest, time) || isChanged;
  if (!isChanged) return undefined;
  const joined = encodeSightings({ day: read.day, times });
  return joined === held ? undefined : joined;
}

/** @returns whether it adds anything */
export function addSighting(times: Map<Digest, number>, digest: Digest, time: number): boolean {
  const held = times.get(digest);
  if (held !== undefined && held <= time) return false;
  times.set(digest, time);
  return true;
}

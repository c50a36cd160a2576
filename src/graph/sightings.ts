import type { Digest } from './recent.ts';

/**
 * What was sighted of a domain on the newest such day, in short: enough for a writer that remembers nothing to see that a
 * sighting is known, without its claims. Kept beside the facts as one property of the domain. The join is commutative,
 * associative and idempotent, like those of the facts.
 */
export interface Sightings {
  /** Its midnight. */
  readonly day: number;
  /** The least time of the day by the digest of what was said. */
  readonly times: ReadonlyMap<Digest, number>;
}

/** Of more, the least digests are kept: which those are does not depend on their order. What is left out is folded again. */
export const MAX_SIGHTINGS = 256;

const DAY_BYTES = 8;
const DIGEST = 16;
/** A digest, and the milliseconds since midnight. */
const ITEM = DIGEST + 4;

/** Reads what `encodeSightings` gives. */
export function readSightings(value: string): Sightings {
  const bytes = Buffer.from(value, 'base64');
  const text = bytes.toString('latin1');
  const day = bytes.readDoubleLE();
  const times = new Map<Digest, number>();
  for (let at = DAY_BYTES; at < bytes.length; at += ITEM) {
    times.set(text.slice(at, at + DIGEST) as Digest, day + bytes.readUInt32LE(at + DIGEST));
  }
  return { day, times };
}

/** In base64, since the driver reads bytes one by one: the day, then digests in their order, each with its time. */
export function encodeSightings({ day, times }: Sightings): string {
  const kept = [...times.keys()].sort().slice(0, MAX_SIGHTINGS);
  const bytes = Buffer.allocUnsafe(DAY_BYTES + kept.length * ITEM);
  let at = bytes.writeDoubleLE(day);
  for (const digest of kept) {
    at += bytes.write(digest, at, DIGEST, 'latin1');
    at = bytes.writeUInt32LE((times.get(digest) as number) - day, at);
  }
  return bytes.toString('base64');
}

/** What is held with more of it; undefined where that adds nothing. */
export function joinSightings(held: string | undefined, more: Sightings): string | undefined {
  if (held === undefined) return encodeSightings(more);
  const { day, times } = readSightings(held);
  if (more.day < day) return undefined;
  if (more.day > day) return encodeSightings(more);
  const joined = new Map(times);
  for (const [digest, time] of more.times) addSighting(joined, digest, time);
  const value = encodeSightings({ day, times: joined });
  return value === held ? undefined : value;
}

export function addSighting(times: Map<Digest, number>, digest: Digest, time: number): void {
  const held = times.get(digest);
  if (held === undefined || time < held) times.set(digest, time);
}

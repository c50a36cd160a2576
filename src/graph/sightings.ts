import { hash } from 'node:crypto';

const DIGEST_BYTES = 16;

/**
 * The first bytes of the SHA-256 of a name, as a text whose characters are bytes. Who knows no two texts of one digest can
 * make nobody take one name for another.
 */
export type Digest = string & { readonly isDigest: true };

export const digestOf = (name: string): Digest => hash('sha256', name, 'binary').slice(0, DIGEST_BYTES) as Digest;

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

/** Sightings as they are kept, for who only looks: a text whose characters are bytes. */
export interface KeptSightings {
  readonly day: number;
  readonly text: string;
}

/** What `encodeSightings` gave; undefined where somebody else has written it. */
export function openSightings(value: unknown): KeptSightings | undefined {
  if (typeof value !== 'string') return undefined;
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length < DAY_BYTES || (bytes.length - DAY_BYTES) % ITEM !== 0) return undefined;
  const day = bytes.readDoubleLE();
  return Number.isSafeInteger(day) ? { day, text: bytes.toString('latin1') } : undefined;
}

/** The least time at which this was sighted; undefined where it is not kept. */
export function sightedAt({ day, text }: KeptSightings, digest: Digest): number | undefined {
  const first = digest.charCodeAt(0);
  for (let at = DAY_BYTES; at < text.length; at += ITEM) {
    // A comparison of one character spares most of the others.
    if (text.charCodeAt(at) === first && text.startsWith(digest, at)) return day + timeAt(text, at);
  }
  return undefined;
}

function readSightings(value: unknown): Sightings | undefined {
  const kept = openSightings(value);
  if (kept === undefined) return undefined;
  const { day, text } = kept;
  const times = new Map<Digest, number>();
  for (let at = DAY_BYTES; at < text.length; at += ITEM) {
    times.set(text.slice(at, at + DIGEST_BYTES) as Digest, day + timeAt(text, at));
  }
  return { day, times };
}

/** The time of day in milliseconds, 32 bits, the least first, of the item that begins at `at`. */
function timeAt(text: string, at: number): number {
  const byte = (i: number): number => text.charCodeAt(at + DIGEST_BYTES + i);
  return byte(0) + byte(1) * 2 ** 8 + byte(2) * 2 ** 16 + byte(3) * 2 ** 24;
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

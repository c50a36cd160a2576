import { hash } from 'node:crypto';

export const DIGEST_BYTES = 16;

/** The first bytes of the SHA-256 of a name, as a text whose characters are bytes. */
export type Digest = string & { readonly isDigest: true };

export const digestOf = (name: string): Digest => hash('sha256', name, 'binary').slice(0, DIGEST_BYTES) as Digest;

/** What was used last: a number by name. Who asks for a name more than once digests it once. */
export interface Recent {
  get(digest: Digest): number | undefined;
  /** Where the name has a number already, `choose` gives the one to keep. */
  set(digest: Digest, value: number, choose: (held: number, value: number) => number): void;
  clear(): void;
}

/** Places of a bucket. Where names fall by chance into buckets of eight, nearly all places get used. */
const WAYS = 8;
/** 32-bit words of a name's digest. */
const WORDS = DIGEST_BYTES / 4;

/**
 * Remembers at most `max` numbers, a power of two. A name goes into the bucket that its digest says; there the one that
 * was used longest ago makes room. Kept as 128 bits of SHA-256 in arrays of numbers, a name takes 24 bytes and the
 * garbage collector nothing; as strings in a Map they took some 400, and both. Who knows no two texts of one digest can
 * make nobody take one name for another.
 */
export function createRecent(max: number): Recent {
  const buckets = max / WAYS;
  if (max < WAYS || !Number.isInteger(Math.log2(max))) {
    throw new RangeError(`The number of names is not a power of two from ${WAYS} on.`);
  }
  // Empty places are all zeros, and take no memory before they are written.
  let digests = new Uint32Array(max * WORDS);
  let values = new Float64Array(max);
  const wanted = new Uint32Array(WORDS);

  /** @returns the first place of the name's bucket */
  const look = (digest: Digest): number => {
    for (let word = 0; word < WORDS; word++) wanted[word] = wordAt(digest, word * 4);
    // Where a domain keeps only the least of its sightings, their first bytes are alike.
    return ((wanted[WORDS - 1] as number) & (buckets - 1)) * WAYS;
  };
  const isAt = (place: number): boolean => {
    for (let word = 0; word < WORDS; word++) if (digests[place * WORDS + word] !== wanted[word]) return false;
    return true;
  };
  const placeOf = (first: number): number => {
    let place = first;
    while (place < first + WAYS && !isAt(place)) place++;
    return place;
  };
  /** Puts what is wanted first in its bucket; what stood before `place` moves one place on. */
  const putFirst = (first: number, place: number, value: number): void => {
    for (let to = place; to > first; to--) {
      values[to] = values[to - 1] as number;
      for (let word = 0; word < WORDS; word++) {
        digests[to * WORDS + word] = digests[(to - 1) * WORDS + word] as number;
      }
    }
    digests.set(wanted, first * WORDS);
    values[first] = value;
  };

  return {
    get(digest) {
      const first = look(digest);
      const place = placeOf(first);
      if (place === first + WAYS) return undefined;
      const value = values[place] as number;
      if (place !== first) putFirst(first, place, value);
      return value;
    },
    set(digest, value, choose) {
      const first = look(digest);
      const place = placeOf(first);
      if (place === first + WAYS) putFirst(first, place - 1, value);
      else putFirst(first, place, choose(values[place] as number, value));
    },
    clear() {
      digests = new Uint32Array(max * WORDS);
      values = new Float64Array(max);
    },
  };
}

/** 32 bits of a text whose characters are bytes. */
const wordAt = (bytes: Digest, at: number): number =>
  (bytes.charCodeAt(at) |
    (bytes.charCodeAt(at + 1) << 8) |
    (bytes.charCodeAt(at + 2) << 16) |
    (bytes.charCodeAt(at + 3) << 24)) >>>
  0;

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY } from '../../src/graph/claim-state.ts';
import {
  digestOf,
  encodeSightings,
  joinSightings,
  MAX_SIGHTINGS,
  openSightings,
  type Sightings,
  sightedAt,
} from '../../src/graph/sightings.ts';

const DIGESTS = Array.from({ length: MAX_SIGHTINGS + 100 }, (_, i) => digestOf(`sighting ${i}`));

/** Few, so that they meet, or about as many as are kept. */
const arbitrarySightings = fc
  .tuple(
    fc.constantFrom(-DAY, 0, 20_000 * DAY),
    fc.oneof(fc.constant(DIGESTS.slice(0, 4)), fc.constant(DIGESTS)).chain((digests) => fc.subarray(digests)),
    fc.array(fc.constantFrom(0, 1, DAY - 1), { minLength: 5, maxLength: 7 }),
  )
  .map(([day, digests, times]): Sightings => {
    const timeOf = (i: number): number => day + (times[i % times.length] as number);
    return { day, times: new Map(digests.map((digest, i) => [digest, timeOf(i)])) };
  });

/** By digest, the time that is kept; of those that are not kept nothing. */
function timesIn(value: unknown): Map<string, number> {
  const kept = openSightings(value);
  const times = DIGESTS.flatMap((digest): [string, number][] => {
    const time = kept && sightedAt(kept, digest);
    return time === undefined ? [] : [[digest, time]];
  });
  return new Map(times);
}

const joinAll = (all: readonly Sightings[]): string | undefined =>
  all.reduce<string | undefined>((held, more) => joinSightings(held, more) ?? held, undefined);

describe('what was sighted of a domain', () => {
  it('is the same in whatever order and however often it comes', () => {
    const orders = fc
      .array(arbitrarySightings, { minLength: 1, maxLength: 5 })
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 })));
    fc.assert(
      fc.property(orders, ([all, shuffled]) => {
        const joined = joinAll(all);
        expect(joinAll(shuffled)).toEqual(joined);
        for (const more of all) expect(joinSightings(joined, more)).toBeUndefined();
      }),
    );
  });

  it('is of the newest day, of each digest the least time', () => {
    const [a, b] = DIGESTS as [(typeof DIGESTS)[0], (typeof DIGESTS)[0]];
    const joined = joinAll([
      { day: 0, times: new Map([[a, 5]]) },
      { day: DAY, times: new Map([[a, DAY + 7]]) },
      { day: DAY, times: new Map([[a, DAY + 6]]) },
      { day: DAY, times: new Map([[b, DAY]]) },
      { day: 0, times: new Map([[b, 1]]) },
    ]);
    expect(openSightings(joined)?.day).toBe(DAY);
    expect([...timesIn(joined)]).toEqual([
      [a, DAY + 6],
      [b, DAY],
    ]);
  });

  it('is at most as many as are kept, and read as it was written', () => {
    const times = new Map(DIGESTS.map((digest, i) => [digest, DAY + i]));
    const read = timesIn(encodeSightings({ day: DAY, times }));
    expect(read.size).toBe(MAX_SIGHTINGS);
    for (const [digest, time] of read) expect(time).toBe(times.get(digest as (typeof DIGESTS)[0]));
  });

  it('is nothing where somebody else has written it', () => {
    const more = { day: DAY, times: new Map([[DIGESTS[0] as (typeof DIGESTS)[0], DAY]]) };
    const value = encodeSightings(more);
    for (const other of [undefined, null, 5, '', 'no such thing', value.slice(4)]) {
      expect(openSightings(other)).toBeUndefined();
      expect(joinSightings(other, more)).toBe(value);
    }
  });
});

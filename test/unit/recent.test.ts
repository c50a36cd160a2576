import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecent, digestOf } from '../../src/graph/recent.ts';

describe('what was used last', () => {
  it('is what was kept of all that was set for the name, or nothing', () => {
    const names = fc.constantFrom(...Array.from({ length: 40 }, (_, i) => `name ${i}`));
    const sets = fc.array(fc.tuple(names, fc.integer()), { maxLength: 200 });
    fc.assert(
      fc.property(sets, fc.constantFrom(Math.min, Math.max), (all, choose) => {
        const recent = createRecent(16);
        const kept = new Map<string, number>();
        for (const [text, value] of all) {
          const name = digestOf(text);
          // One that had to make room begins anew.
          const held = recent.get(name);
          if (held !== undefined) expect(held).toBe(kept.get(name));
          kept.set(name, held === undefined ? value : choose(held, value));
          recent.set(name, value, choose);
          expect(recent.get(name)).toBe(kept.get(name));
        }
      }),
    );
  });

  it('is remembered where half of the places are used, but for a few', () => {
    const recent = createRecent(2 ** 14);
    const names = Array.from({ length: 2 ** 13 }, (_, i) => digestOf(`site-${i}.example`));
    for (const name of names) recent.set(name, 1, Math.min);
    expect(names.filter((name) => recent.get(name) !== undefined).length).toBeGreaterThan(names.length * 0.97);
    recent.clear();
    expect(names.some((name) => recent.get(name) !== undefined)).toBe(false);
  });

  it('goes where it was not used for longest', () => {
    const recent = createRecent(8);
    for (let i = 0; i < 8; i++) recent.set(digestOf(`${i}`), i, Math.min);
    recent.get(digestOf('0'));
    recent.set(digestOf('8'), 8, Math.min);
    expect(recent.get(digestOf('1'))).toBeUndefined();
    expect([0, 2, 3, 4, 5, 6, 7, 8].map((i) => recent.get(digestOf(`${i}`)))).toEqual([0, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('has a number of places that is a power of two', () => {
    expect(() => createRecent(100)).toThrow(RangeError);
  });
});

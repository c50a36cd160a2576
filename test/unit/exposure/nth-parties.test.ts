import { expect, test } from 'vitest';
import { Facts } from '../../../src/exposure/facts.ts';
import { arrange } from '../../../src/exposure/load.ts';
import { createTrust } from '../../../src/exposure/trust.ts';
import { vendorsWithin } from '../../../src/exposure/vendors-within.ts';
import { View } from '../../../src/exposure/view.ts';
import type { Work } from '../../../src/exposure/work.ts';
import { declaredSources } from '../../support/facts.ts';
import { seeded } from '../../support/seeded.ts';

const AT = Date.UTC(2026, 0, 1);
const [ON_THE_WAY, ASKED] = [0, 1];

type Hop = readonly [dependent: number, vendor: number, service: number];

function viewOf(organizations: number, hops: readonly Hop[]): View {
  const facts = new Facts(() => 1);
  for (let n = 0; n < organizations; n++) facts.nodes.intern(`domain:${n}.example`);
  for (const [subject, object, kind] of hops) {
    const said = { statedAt: Number.NaN, statedConfidence: Number.NaN, retractedAt: Number.NaN, measured: -1 };
    const key = { subject, object, kind, source: facts.source('zdns') };
    if (facts.uses.find(key) === undefined)
      facts.uses.put({ ...key, ...said, firstSeen: AT, lastSeen: AT, sighted: 1 });
  }
  arrange(facts);
  return new View(facts, createTrust(facts, declaredSources), AT);
}

function finished<T>(work: Work<T>): { readonly value: T; readonly steps: number } {
  for (let steps = 1; ; steps++) {
    const { done, value } = work.next();
    if (done === true) return { value, steps };
  }
}

/** By looking at every path of distinct organizations. */
function nearest(hops: readonly Hop[], maxHops: number): Map<number, number> {
  const near = new Map<number, number>();
  const go = (path: readonly number[]): void => {
    for (const [dependent, vendor, service] of hops) {
      if (dependent !== path.at(-1) || path.includes(vendor)) continue;
      if (service === ASKED) near.set(vendor, Math.min(near.get(vendor) ?? path.length, path.length));
      if (path.length < maxHops) go([...path, vendor]);
    }
  };
  go([0]);
  return near;
}

const byNode = (near: ReadonlyMap<number, number>) => [...near].sort(([a], [b]) => a - b);

test('vendors are as near as the shortest path of distinct organizations whose last hop is for the service', () => {
  let found = 0;
  for (let seed = 1; seed <= 400; seed++) {
    const random = seeded(seed);
    const organizations = 4 + Math.floor(random() * 5);
    const some = () => Math.floor(random() * organizations);
    const all = Array.from({ length: organizations * 2 }, (): Hop => [some(), some(), random() < 0.3 ? ASKED : 0]);
    const hops = all.filter(([dependent, vendor]) => dependent !== vendor);
    for (const maxHops of [2, 4, 6]) {
      const { value } = finished(
        vendorsWithin(viewOf(organizations, hops), 0, maxHops, { service: ASKED, criticalOnly: false }),
      );
      expect(byNode(value)).toEqual(byNode(nearest(hops, maxHops)));
      found += value.size;
    }
  }
  expect(found).toBeGreaterThan(1_000);
});

test('looking for them costs some steps a vendor, however many there are', () => {
  const vendors = 1_000;
  const hops: Hop[] = [];
  for (let n = 1; n <= vendors; n++) {
    hops.push([0, n, ON_THE_WAY]);
    for (let i = 1; i <= 5; i++) hops.push([n, ((n * 7 + i * 13) % vendors) + 1, ASKED]);
  }
  const view = viewOf(
    vendors + 1,
    hops.filter(([dependent, vendor]) => dependent !== vendor),
  );
  const { value, steps } = finished(vendorsWithin(view, 0, 4, { service: ASKED, criticalOnly: false }));
  expect(value.size).toBeGreaterThan(900);
  expect(steps).toBeLessThan(20 * vendors);
});

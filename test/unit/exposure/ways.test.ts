import { expect, test } from 'vitest';
import { Facts } from '../../../src/exposure/facts.ts';
import { arrange } from '../../../src/exposure/load.ts';
import { findPaths } from '../../../src/exposure/paths.ts';
import { reachInto } from '../../../src/exposure/reach.ts';
import { createTrust } from '../../../src/exposure/trust.ts';
import { View } from '../../../src/exposure/view.ts';
import type { Work } from '../../../src/exposure/work.ts';
import { declaredSources } from '../../support/facts.ts';
import { seeded } from '../../support/seeded.ts';

/** Searches that take another way where there is much to look at find the same as those that don't. */

const AT = Date.UTC(2026, 0, 1);
const HOPS = { service: -1, criticalOnly: false };

/** A hub that nine of ten use, and vendors that are used by few. */
function world(seed: number): { view: View; vendors: number[][] } {
  const random = seeded(seed);
  const facts = new Facts(() => 1);
  const nodes = Array.from({ length: 200 }, (_, i) => facts.nodes.intern(`domain:${(i * 7919) % 1009}.example`));
  const vendors = nodes.map((subject) => {
    const used = new Set(Array.from({ length: 2 }, () => 1 + Math.floor(60 * random() ** 2)));
    if (random() < 0.9) used.add(0);
    used.delete(subject);
    return [...used];
  });
  for (const [subject, used] of vendors.entries()) {
    for (const object of used) {
      const said = { statedAt: Number.NaN, statedConfidence: Number.NaN, retractedAt: Number.NaN, measured: -1 };
      const key = { subject, object, kind: 0, source: facts.source('zdns') };
      facts.uses.append({ ...key, ...said, firstSeen: AT, lastSeen: AT, sighted: 1 });
    }
  }
  arrange(facts);
  return { view: new View(facts, createTrust(facts, declaredSources), AT), vendors };
}

function finished<T>(work: Work<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

function distancesTo(vendors: readonly (readonly number[])[], to: number, maxHops: number): Map<number, number> {
  const distances = new Map([[to, 0]]);
  for (let distance = 1; distance <= maxHops; distance++) {
    for (const [node, used] of vendors.entries()) {
      if (!distances.has(node) && used.some((vendor) => distances.get(vendor) === distance - 1))
        distances.set(node, distance);
    }
  }
  distances.delete(to);
  return distances;
}

test.each([0, 1, 5, 40])('everybody who reaches vendor %i is found at the shortest distance', (vendor) => {
  for (let seed = 1; seed <= 20; seed++) {
    const { view, vendors } = world(seed);
    const { reached, ends } = finished(reachInto(view, vendor, 4, HOPS));
    const found = new Map<number, number>();
    for (const [at, node] of reached.entries())
      found.set(
        node,
        ends.findIndex((end) => at < end),
      );
    expect(found).toEqual(distancesTo(vendors, vendor, 4));
  }
});

test('paths that are looked for from their end are those that are looked for from their beginning', () => {
  let paths = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const { view } = world(seed);
    for (const [from, to] of [
      [199, 0],
      [150, 3],
      [0, 30],
      [120, 59],
    ] as const) {
      const question = { from, to, maxHops: 4, hops: HOPS, after: undefined, limit: 50 };
      const fromBeginning = finished(findPaths(view, question));
      for (const mostNear of [0, 20])
        expect(finished(findPaths(view, { ...question, mostNear }))).toEqual(fromBeginning);
      paths += fromBeginning.found.length;
    }
  }
  expect(paths).toBeGreaterThan(300);
});

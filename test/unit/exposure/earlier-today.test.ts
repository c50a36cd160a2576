import { afterEach, describe, expect, it, vi } from 'vitest';
import { applyChange } from '../../../src/exposure/apply-change.ts';
import { ExposureIndex } from '../../../src/exposure/exposure-index.ts';
import { Facts } from '../../../src/exposure/facts.ts';
import { View } from '../../../src/exposure/view.ts';
import { expectEqualAnswers } from '../../support/both-engines.ts';
import { changesOf } from '../../support/changes-of.ts';
import { day, declaredSources } from '../../support/facts.ts';
import { createHub, VENDOR } from '../../support/hub-world.ts';
import { MANY_KEYS, manyActions } from '../../support/many-actions.ts';
import { seeded } from '../../support/seeded.ts';

const HOUR = 3_600_000;
const SITES = 1_000;

afterEach(() => vi.restoreAllMocks());

describe('a walk through the dependents of a hub, at the instant of its first page', () => {
  it('judges only those of whom something was said since, however often others are told the present', async () => {
    const { state, use, page, stateThat } = await createHub(SITES);
    let cursor = (await page()).at(-1)?.cursor;
    const judge = vi.spyOn(View.prototype, 'judge');
    for (let n = 0; n < 20; n++) {
      await stateThat(use(`site${n}`, 'another', state.now));
      await page();
      cursor = (await page(cursor)).at(-1)?.cursor;
    }
    // Each page judges its own rows at its instant; besides, a statement's subject is judged a few times.
    expect(judge.mock.calls.length).toBeLessThan(20 * 20);
  });

  it('lists those who were dependents at that instant, and as they were then', async () => {
    const { state, use, page, totalOf, stateThat } = await createHub(SITES);
    const first = await page();
    await stateThat(use('site200', 'vendor', day(10), state.now + 1_000));
    await stateThat(use('site1999', 'vendor', state.now + 1_000));
    const listed = [...first];
    for (let edges = first; edges.length > 0; listed.push(...edges)) edges = await page(edges.at(-1)?.cursor);
    expect(listed.map(({ node }) => node.dependent.name)).toEqual(
      Array.from({ length: SITES }, (_, n) => `site${n}`).sort(),
    );
    const totalAt = (at: number) => totalOf(VENDOR, at);
    const then = first[0]?.cursor.at as number;
    expect([await totalAt(then), await totalAt(then + 1_500), await totalAt(state.now)]).toEqual([1_000, 999, 1_000]);
  });
});

describe('an instant earlier on the same day', () => {
  it('is answered as by an index that was just made, while changes come and time goes on', async () => {
    const random = seeded(11);
    const rankOf = (source: string) => declaredSources.get(source)?.rank ?? Number.MAX_SAFE_INTEGER;
    const next = manyActions(random);
    const state = { now: day(100) + HOUR };
    const indexOf = (hubSize: number) =>
      new ExposureIndex(new Facts(rankOf), declaredSources, { clock: () => state.now, hubSize });
    const live = indexOf(10);
    const steps = Array.from({ length: 8_000 }, (_, i) => {
      const at = state.now + Math.floor(Math.max(0, i - 6_000) * 10_000 * random());
      return { at, action: next(at) };
    }).sort((a, b) => a.at - b.at);
    const changes = changesOf(steps.map(({ action }) => action));
    const instants: number[] = [];
    for (const [i, step] of steps.entries()) {
      state.now = step.at;
      await live.change(() => {
        for (const { topic, value } of changes[i] ?? []) applyChange(live.facts, topic, value);
      });
      if (i < 6_000 || i % 200 !== 0) continue;
      instants.push(state.now);
      const at = instants[Math.floor(random() * instants.length)] as number;
      const page = { first: 3, at };
      await live.queries().dependentsOf(MANY_KEYS.slice(0, 10), { orderBy: 'NAME' }, page);
      await live.queries().vendors({}, page);
    }
    const fresh = indexOf(1_000_000);
    await fresh.change(() => {
      for (const { topic, value } of changes.flat()) applyChange(fresh.facts, topic, value);
    });
    for (const at of instants.filter((_, i) => i % 4 === 0)) {
      const asked = { service: undefined, criticalOnly: at % 2 === 0, maxShare: 0.3, minConfidence: undefined };
      const asking = { ...asked, keys: MANY_KEYS.slice(0, 6), at, maxHops: 2, pageSize: 50 };
      await expectEqualAnswers(live.queries(), fresh.queries(), asking);
    }
  }, 60_000);
});

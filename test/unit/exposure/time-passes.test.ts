import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ClaimRow } from '../../../src/exposure/claim-table.ts';
import { ExposureIndex } from '../../../src/exposure/exposure-index.ts';
import { Facts } from '../../../src/exposure/facts.ts';
import { arrange } from '../../../src/exposure/load.ts';
import { View } from '../../../src/exposure/view.ts';
import { day, declaredSources } from '../../support/facts.ts';
import { createHub, VENDOR } from '../../support/hub-world.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const MIDNIGHT = Date.UTC(2026, 10, 25);

/** Two sites use a vendor; it is an hour after midnight. */
async function createWorld() {
  const facts = new Facts(() => 1);
  const state = { now: MIDNIGHT + HOUR };
  const use = (site: string, statedAt: number, retractedAt = Number.NaN): ClaimRow => ({
    subject: facts.nodes.intern(`domain:${site}`),
    object: facts.nodes.intern('domain:vendor'),
    kind: 0,
    source: facts.source('partner'),
    firstSeen: statedAt,
    lastSeen: statedAt,
    sighted: Number.NaN,
    measured: -1,
    statedAt,
    statedConfidence: 1,
    retractedAt,
  });
  const old = MIDNIGHT - 120 * HOUR;
  for (const site of ['a', 'b']) facts.uses.append(use(site, old));
  arrange(facts);
  const index = new ExposureIndex(facts, declaredSources, { clock: () => state.now, hubSize: 2 });
  await index.warm();
  const total = async () => (await index.queries().blastRadius('domain:vendor', { maxHops: 3 }, state.now)).total;
  const vendorsOf = async (site: string, at = state.now) =>
    (await index.queries().dependenciesOf([`domain:${site}`], {}, { first: 10, at })).get(`domain:${site}`)?.edges
      .length;
  return { facts, state, index, use, old, total, vendorsOf };
}

afterEach(() => vi.restoreAllMocks());

describe('midnight', () => {
  const DAY = 24 * HOUR;
  const isStale = async ({ index, state }: Awaited<ReturnType<typeof createHub>>): Promise<boolean | undefined> => {
    const page = { first: 1, at: state.now };
    return (await index.queries().dependentsOf([VENDOR], { orderBy: 'CONFIDENCE' }, page)).get(VENDOR)?.edges[0]?.node
      .stale;
  };

  it('leaves what gets no older by it as it was judged', async () => {
    const world = await createHub(1_000);
    const { state, totalOf } = world;
    expect(await isStale(world)).toBe(false);
    const judge = vi.spyOn(View.prototype, 'judge');
    state.now += DAY;
    expect(await totalOf(VENDOR)).toBe(1_000);
    expect(await isStale(world)).toBe(false);
    expect(judge).not.toHaveBeenCalled();
  });

  it.each([1_000, 5_500])('makes stale what gets too old by it, of %i', async (sites) => {
    const world = await createHub(sites);
    const { state, totalOf } = world;
    const { freshDays = 0 } = declaredSources.get('partner') ?? {};
    expect(await isStale(world)).toBe(false);
    const statedFor = (days: number) => (state.now = day(10 + days) + 12 * HOUR);
    statedFor(freshDays - 1);
    expect(await isStale(world)).toBe(false);
    statedFor(freshDays);
    expect(await isStale(world)).toBe(true);
    expect(await totalOf(VENDOR)).toBe(sites);
  });
});

describe('what was said a minute ago counts at once, and what was taken back does not', () => {
  it('after midnight', async () => {
    const { facts, state, index, use, old, vendorsOf } = await createWorld();
    state.now = MIDNIGHT + 24 * HOUR + 1_000;
    expect(await vendorsOf('b')).toBe(1);
    state.now += 10 * HOUR;
    await index.change(() => facts.putUse(use('c', state.now - MINUTE)));
    expect(await vendorsOf('c')).toBe(1);
    state.now += 10 * MINUTE;
    await index.change(() => facts.putUse(use('b', old, state.now - MINUTE)));
    expect(await vendorsOf('b')).toBe(0);
  });

  it('after a withdrawal', async () => {
    const { facts, state, index, use, total } = await createWorld();
    await index.change(() => facts.withdraw(facts.source('webdep'), 1));
    state.now += HOUR;
    await index.change(() => facts.putUse(use('c', state.now - MINUTE)));
    expect(await total()).toBe(3);
    state.now += HOUR;
    await index.change(() => facts.withdraw(facts.source('webdep'), 2));
    await index.change(() => facts.putUse(use('d', state.now - MINUTE)));
    const page = { first: 5, at: state.now };
    const found = await index.queries().concentrationRisk({ maxHops: 3, withReach: false }, page);
    expect(found.dependentTotal).toBe(4);
  });

  it('where the change still waits when the question comes', async () => {
    const { facts, state, index, use, old, vendorsOf } = await createWorld();
    state.now += 8 * HOUR;
    void index.change(() => facts.putUse(use('c', state.now - MINUTE)));
    expect(await vendorsOf('c')).toBe(1);
    state.now += 10 * MINUTE;
    void index.change(() => facts.putUse(use('b', old, state.now - MINUTE)));
    expect(await vendorsOf('b')).toBe(0);
  });
});

describe('what was known', () => {
  it('is not judged anew when it is seen again', async () => {
    const { facts, index, use, old, total } = await createWorld();
    const judge = vi.spyOn(View.prototype, 'judge');
    await index.change(() => facts.putUse({ ...use('a', old), lastSeen: MIDNIGHT }));
    expect(await total()).toBe(2);
    expect(judge).not.toHaveBeenCalled();
  });

  it('is known at an earlier instant, too, once it is told late that it began before that', async () => {
    const { facts, state, index, use, vendorsOf } = await createWorld();
    const at = (hour: number) => MIDNIGHT + hour * HOUR;
    state.now = at(11);
    await index.change(() => facts.putUse(use('c', at(10))));
    expect(await vendorsOf('c', at(9))).toBe(0);
    await index.change(() => facts.putUse(use('c', at(8))));
    expect(await vendorsOf('c', at(9))).toBe(1);
  });
});

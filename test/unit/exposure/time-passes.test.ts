import { describe, expect, it } from 'vitest';
import type { ClaimRow } from '../../../src/exposure/claim-table.ts';
import { ExposureIndex } from '../../../src/exposure/exposure-index.ts';
import { Facts } from '../../../src/exposure/facts.ts';
import { arrange } from '../../../src/exposure/load.ts';
import { declaredSources } from '../../support/facts.ts';

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
  const vendorsOf = async (site: string) =>
    (await index.queries().dependenciesOf([`domain:${site}`], {}, { first: 10, at: state.now })).get(`domain:${site}`)
      ?.edges.length;
  return { facts, state, index, use, old, total, vendorsOf };
}

describe('what was said a minute ago counts at once, and what was taken back does not', () => {
  it('after midnight, when all is judged anew', async () => {
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

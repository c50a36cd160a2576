import { afterEach, describe, expect, it, vi } from 'vitest';
import { ExposureIndex } from '../../../src/exposure/exposure-index.ts';
import { Facts } from '../../../src/exposure/facts.ts';
import { arrange } from '../../../src/exposure/load.ts';
import { View } from '../../../src/exposure/view.ts';
import { expectEqualAnswers } from '../../support/both-engines.ts';
import { day, declaredSources } from '../../support/facts.ts';
import { createHub, VENDOR } from '../../support/hub-world.ts';
import { seeded } from '../../support/seeded.ts';

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
  it('is answered as by an index that was just made, while statements come and time goes on', async () => {
    const random = seeded(11);
    const below = (count: number) => Math.floor(random() * count);
    const { facts, state, index, use, own } = await createHub(150);
    const keys = [VENDOR, 'domain:v1', 'p:group', 'domain:site3', 'domain:site4'];
    const instants = [state.now];
    let asked = 0;
    for (let step = 0; step < 400; step++) {
      state.now += below(60_000);
      const statedAt = state.now - below(5 * 60_000);
      const retractedAt = random() < 0.4 ? state.now - below(5 * 60_000) : Number.NaN;
      const vendor = oneOf(random, ['vendor', 'vendor', 'v1', 'v2']);
      const said = use(`site${below(200)}`, vendor, statedAt, retractedAt);
      const source = facts.source(oneOf(random, ['partner', 'imc2020']));
      const row = { ...said, source, kind: below(2), statedConfidence: (1 + below(4)) / 4 };
      await index.change(() => {
        facts.putUse(row);
        if (step % 50 === 20) facts.putOwnership(own(oneOf(random, ['vendor', 'v1', `site${below(9)}`]), 'p:group'));
        if (step % 50 === 40) facts.putName(facts.nodes.intern('p:group'), `Group ${step}`, step);
      });
      if (step % 8 === 0) instants.push(state.now);
      const at = oneOf(random, instants);
      await index.queries().dependentsOf(keys, { orderBy: 'NAME' }, { first: 3, at });
      if (step % 20 !== 19) continue;
      const filter = { service: oneOf(random, [undefined, 'DNS'] as const), criticalOnly: random() < 0.5 };
      const asking = { ...filter, maxShare: undefined, minConfidence: oneOf(random, [undefined, 0.3]) };
      for (const instant of [at, oneOf(random, instants)]) {
        // To this one, that instant is the present.
        const fresh = new ExposureIndex(copyOf(facts), declaredSources, { clock: () => instant, hubSize: 1_000_000 });
        const about = { ...asking, keys, at: instant, maxHops: 2, pageSize: 40 };
        asked += await expectEqualAnswers(index.queries(), fresh.queries(), about);
      }
    }
    expect(asked).toBeGreaterThan(1_000);
  }, 60_000);
});

function oneOf<T>(random: () => number, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T;
}

/** The same facts, made at once. */
function copyOf(facts: Facts): Facts {
  const copy = new Facts(() => 1);
  for (const source of facts.sources) copy.source(source);
  for (const [node, key] of facts.nodes.keys.entries()) {
    copy.nodes.intern(key);
    const name = facts.nodes.names[node];
    if (name !== undefined) copy.nodes.setName(node, name, facts.nodes.nameAt[node] as number);
  }
  for (let claim = 0; claim < facts.uses.count; claim++) copy.uses.append(facts.uses.row(claim));
  for (let claim = 0; claim < facts.identity.count; claim++) copy.identity.append(facts.identity.row(claim));
  arrange(copy);
  return copy;
}

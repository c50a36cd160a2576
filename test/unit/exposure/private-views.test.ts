import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyChange } from '../../../src/exposure/apply-change.ts';
import { ExposureIndex } from '../../../src/exposure/exposure-index.ts';
import { Facts } from '../../../src/exposure/facts.ts';
import type { GraphAction } from '../../../src/graph/actions.ts';
import type { Service } from '../../../src/identity/service.ts';
import { type Asking, expectEqualAnswers } from '../../support/both-engines.ts';
import { changesOf } from '../../support/changes-of.ts';
import { day, tenantSources } from '../../support/facts.ts';
import { NAMES, type PrivateWorld, privateWorlds } from '../../support/private-worlds.ts';
import { seeded, shuffled } from '../../support/seeded.ts';

/** What a tenant sees of everybody's claims is what it would see if there were no claims but the public and its own. */

const START = day(38);
const rankOf = (source: string) => tenantSources.get(source)?.rank ?? Number.MAX_SAFE_INTEGER;
const keyOf = (name: string) => (name.includes(':') ? name : `domain:${name}`);

/** The same, said by a source that is everybody's. */
const asPublic = (actions: readonly GraphAction[]): GraphAction[] =>
  actions.map((action) => {
    if (action.type !== 'state-use') return action;
    const { tenant: _, ...rest } = action;
    return rest;
  });

function indexOf(clock: () => number, hubSize: number) {
  const index = new ExposureIndex(new Facts(rankOf), tenantSources, { clock, hubSize });
  const apply = (actions: readonly GraphAction[]) =>
    index.change(() => {
      for (const { topic, value } of changesOf(actions).flat()) applyChange(index.facts, topic, value);
    });
  return { index, apply };
}

const askings = fc.record({
  service: fc.constantFrom<Service | undefined>(undefined, 'DNS'),
  criticalOnly: fc.boolean(),
  maxShare: fc.constantFrom(undefined, 0.4),
  minConfidence: fc.constantFrom(undefined, 0.4),
  maxHops: fc.constantFrom(1, 3),
  pageSize: fc.constantFrom(1, 3, 100),
});

async function compare(world: PrivateWorld, asked: Omit<Asking, 'keys' | 'at'>, hubSize: number): Promise<number> {
  let now = START;
  const live = indexOf(() => now, hubSize);
  const order = shuffled([...world.known, ...world.acme, ...world.bolt], seeded(world.order));
  const keys = NAMES.map(keyOf);
  let asking = 0;
  // Asked on the way too, so that what is kept has to be mended; the days in between end claims and begin others.
  for (const [part, from] of [0, 0.5, 0.8].entries()) {
    const until = [0.5, 0.8, 1][part] ?? 1;
    await live.apply(order.slice(Math.floor(from * order.length), Math.floor(until * order.length)));
    const seen = order.slice(0, Math.floor(until * order.length));
    for (const tenant of ['acme', 'bolt', 'nobody', undefined]) {
      const own = seen.filter((action) => !('tenant' in action) || action.tenant === tenant);
      const alone = indexOf(() => now, 1_000_000);
      await alone.apply(asPublic(own));
      for (const at of [now, day(20)]) {
        const queries = live.index.queries(undefined, undefined, tenant);
        asking += await expectEqualAnswers(queries, alone.index.queries(), { ...asked, keys: keys.slice(part), at });
      }
    }
    now += 2 * (day(1) - day(0)) + 1;
  }
  return asking;
}

test('a tenant is answered as if nobody else had private claims, while changes come and time goes on', async () => {
  let asked = 0;
  const runs = 6;
  await fc.assert(
    fc.asyncProperty(privateWorlds, askings, fc.constantFrom(1, 1_000), async (world, asking, hubSize) => {
      asked += await compare(world, asking, hubSize);
    }),
    { numRuns: runs },
  );
  process.stderr.write(`${asked} questions in ${runs} worlds were answered as to each tenant alone\n`);
  expect(asked).toBeGreaterThan(1_000);
}, 300_000);

test('a tenant is told of a change that comes while more tenants ask than are remembered', async () => {
  const now = day(10);
  const { index } = indexOf(() => now, 1_000);
  const { facts } = index;
  const tenants = Array.from({ length: 9 }, (_, i) => `tenant-${i}`);
  const use = (tenant: string, retractedAt = Number.NaN) => ({
    subject: facts.nodes.intern(`domain:${tenant}.example`),
    object: facts.nodes.intern('domain:vendor.example'),
    kind: 0,
    source: facts.source(`${tenant}-feed`, tenant),
    firstSeen: day(1),
    lastSeen: day(1),
    sighted: Number.NaN,
    measured: -1,
    statedAt: day(1),
    statedConfidence: 1,
    retractedAt,
  });
  for (const tenant of tenants) await index.change(() => facts.putUse(use(tenant)));
  const totalFor = async (tenant: string) => {
    const key = `domain:${tenant}.example`;
    return (await index.queries(undefined, undefined, tenant).dependencyTotalsOf([key], {}, now)).get(key);
  };
  expect(await totalFor('tenant-0')).toBe(1);
  const changed = index.change(() => facts.putUse(use('tenant-0', day(2))));
  const totals = await Promise.all(tenants.map(totalFor));
  await changed;
  expect(totals).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 1]);
});

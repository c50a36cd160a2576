import fc from 'fast-check';
import { afterAll, beforeAll, test } from 'vitest';
import { ExposureIndex } from '../../src/exposure/exposure-index.ts';
import { loadFacts } from '../../src/exposure/load.ts';
import type { GraphAction } from '../../src/graph/actions.ts';
import type { Driver } from '../../src/graph/driver.ts';
import type { Service } from '../../src/identity/service.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import { type Asking, expectEqualAnswers } from '../support/both-engines.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { day, name, own, same, sight, stateUse, tenantSources, writeFacts } from '../support/facts.ts';
import { NAMES, privateWorlds } from '../support/private-worlds.ts';
import { worlds } from '../support/worlds.ts';

/** The index and the database give equal answers, to the last digit, the order and the cursors. */

let driver: Driver;
beforeAll(() => {
  driver = testDriver();
});
afterAll(() => driver.close());

const rankOf = (source: string) => tenantSources.get(source)?.rank ?? Number.MAX_SAFE_INTEGER;

async function compare(
  actions: readonly GraphAction[],
  asking: Asking,
  hubSize: number,
  tenants: readonly (string | undefined)[] = [undefined],
): Promise<number> {
  await freshDatabase(driver);
  await writeFacts(driver, actions);
  const facts = await loadFacts(driver, rankOf);
  const index = new ExposureIndex(facts, tenantSources, { clock: () => asking.at, hubSize });
  const database = createNeo4jQueries({ driver, sources: tenantSources, timeout: 100_000 });
  let asked = 0;
  for (const tenant of tenants) {
    const seen = tenant === undefined ? database : database.seenBy(tenant);
    asked += await expectEqualAnswers(index.queries(undefined, undefined, tenant), seen, asking);
  }
  return asked;
}

const names = fc.array(
  fc
    .tuple(
      fc.constantFrom('partner:p', 'partner:q', 'imc2020:r'),
      fc.constantFrom('Beta', 'alpha', 'Ørsted', '\u{1f600}', '\ufb01n'),
      fc.integer({ min: 0, max: 3 }),
    )
    .map(([key, text, on]) => name(key, text, day(on))),
  { maxLength: 4 },
);

const KEYS = [
  ...['a', 'b', 'c', 'd', 'e'].map((site) => `domain:${site}.example`),
  ...['partner:p', 'partner:q', 'imc2020:r', 'partner:unknown'],
];

const askings = fc.record({
  keys: fc.shuffledSubarray(KEYS, { minLength: KEYS.length }),
  at: fc.constantFrom(day(20), day(41), day(100)),
  service: fc.constantFrom<Service | undefined>(undefined, 'DNS'),
  criticalOnly: fc.boolean(),
  maxShare: fc.constantFrom(undefined, 0.3, 0.6),
  minConfidence: fc.constantFrom(undefined, 0.4),
  maxHops: fc.constantFrom(1, 3),
  pageSize: fc.constantFrom(1, 2, 100),
});

test('on random worlds, with filters, times and pages of every size', async () => {
  let asked = 0;
  const runs = 12;
  await fc.assert(
    fc.asyncProperty(worlds, names, askings, fc.constantFrom(1, 1_000), async (world, named, asking, hubSize) => {
      asked += await compare([...world, ...named], asking, hubSize);
    }),
    { numRuns: runs },
  );
  process.stderr.write(`${asked} questions in ${runs} worlds were answered alike\n`);
}, 900_000);

test('as each tenant sees a world with private claims, and as everybody does', async () => {
  let asked = 0;
  const runs = 4;
  const keys = NAMES.map((text) => (text.includes(':') ? text : `domain:${text}`));
  await fc.assert(
    fc.asyncProperty(privateWorlds, askings, async ({ known, acme, bolt }, asking) => {
      asked += await compare([...acme, ...known, ...bolt], { ...asking, keys }, 2, [undefined, 'acme', 'bolt']);
    }),
    { numRuns: runs },
  );
  process.stderr.write(`${asked} questions of tenants in ${runs} worlds were answered alike\n`);
}, 900_000);

test('where names and keys lie beyond the basic plane, and where a merge gives another name', async () => {
  const actions = [
    own('partner', 'a.example', 'partner:p', day(1)),
    own('partner', 'b.example', 'partner:\u{1f600}', day(1)),
    same('analyst', 'partner:p', 'partner:\ufb01', day(2)),
    name('partner:\ufb01', '\ufb01rst', day(3)),
    name('partner:p', 'Second', day(4)),
    name('partner:\u{1f600}', '\u{1f600}', day(1)),
    ...['a.example', 'b.example', 'c.example', 'd.example'].map((site) =>
      sight('zdns', site, 'DNS', 'e.example', day(10)),
    ),
    stateUse('partner', 'partner:\ufb01', 'CDN', 'e.example', day(12)),
    stateUse('partner', 'e.example', 'CDN', 'partner:\u{1f600}', day(12)),
  ];
  const asking: Asking = {
    keys: [...KEYS, 'partner:\ufb01', 'partner:\u{1f600}'],
    at: day(20),
    service: undefined,
    criticalOnly: false,
    maxShare: undefined,
    minConfidence: undefined,
    maxHops: 3,
    pageSize: 1,
  };
  await compare(actions, asking, 1);
  await compare(actions, asking, 1_000);
}, 120_000);

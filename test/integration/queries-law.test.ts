import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Driver } from '../../src/graph/driver.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import type { ExposureQueries } from '../../src/queries/types.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { expectDefinitions, expectDismissed } from '../support/definitions.ts';
import { declaredSources, writeFacts } from '../support/facts.ts';
import { askedFilters, askedInstants, worlds } from '../support/worlds.ts';

/** Whatever the facts, the database answers what the definitions say, worked out by trying everything. */

let driver: Driver;
let queries: ExposureQueries;

beforeAll(() => {
  driver = testDriver();
  queries = createNeo4jQueries({ driver, sources: declaredSources, timeout: 100_000 });
});
afterAll(() => driver.close());

test('dependencies, dependents, reach, paths and concentration are what the definitions say', async () => {
  let dismissed = 0;
  await fc.assert(
    fc.asyncProperty(worlds, askedFilters, askedInstants, async (actions, filter, at) => {
      await freshDatabase(driver);
      await writeFacts(driver, actions);
      await expectDefinitions(queries, actions, filter, at);
      dismissed += await expectDismissed(queries, actions, at);
    }),
    { numRuns: 15 },
  );
  expect(dismissed).toBeGreaterThan(0);
}, 600_000);

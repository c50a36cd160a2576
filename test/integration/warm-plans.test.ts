import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Driver } from '../../src/graph/driver.ts';
import { openDriver } from '../../src/graph/driver.ts';
import { freePorts } from '../../src/local/ports.ts';
import { createLogger } from '../../src/logger.ts';
import { loadGovernedSources } from '../../src/main/knowledge.ts';
import { warmPlans } from '../../src/main/warm-plans.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import { freshDatabase, testDriver } from '../support/database.ts';

const log = createLogger('silent', 'test');
let driver: Driver;

beforeAll(async () => {
  driver = testDriver();
  await freshDatabase(driver);
});
afterAll(() => driver.close());

it('asks what users ask, each question without a fault', async () => {
  const asked = new Set<string>();
  const failed: unknown[] = [];
  const sources = await loadGovernedSources();
  const queries = createNeo4jQueries({ driver, sources, onStatement: (name) => asked.add(name) });
  await warmPlans(queries, { ...log, debug: (problem: unknown) => failed.push(problem) } as typeof log);
  expect(failed).toEqual([]);

  expect(asked.size).toBeGreaterThanOrEqual(25);
});

it('leaves it where there is no database', async () => {
  const [port] = await freePorts(1);
  const away = openDriver({ uri: `bolt://127.0.0.1:${port}`, username: 'neo4j', password: 'x' });
  const queries = createNeo4jQueries({ driver: away, sources: await loadGovernedSources() });
  await warmPlans(queries, log);
  await away.close();
});

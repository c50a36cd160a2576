import { AppError } from '../errors.ts';
import { tenantsOf } from '../governance/sources.ts';
import { checkDigest } from '../graph/digest.ts';
import type { Driver } from '../graph/driver.ts';
import { migrate } from '../graph/migrate.ts';
import { inProgram } from '../program.ts';
import { ensureTopics, type Kafka } from '../stream/kafka.ts';
import { loadGovernedSources, loadKnowledge } from './knowledge.ts';

const MIGRATIONS = inProgram('migrations');

/** Creates the topics that are missing. */
export async function makeTopics(kafka: Kafka, { partitions }: { readonly partitions: number }): Promise<void> {
  await ensureTopics(kafka, { partitions, tenants: tenantsOf(await loadGovernedSources()) });
}

/** Brings the graph's constraints and indexes to the newest version. */
export async function migrateGraph(openDriver: () => Driver): Promise<readonly string[]> {
  const driver = openDriver();
  try {
    return (await migrate(driver, MIGRATIONS)).applied;
  } finally {
    await driver.close();
  }
}

/**
 * Makes sure, before anything works on it, that the graph was built by the rules of today. The consumers look too: this
 * is for a person who waits for `npm start`.
 * @throws AppError DIGEST_CHANGED, saying what can be done where all servers are stopped again
 */
export async function requireSameRules(openDriver: () => Driver): Promise<void> {
  const { digest } = await loadKnowledge();
  const driver = openDriver();
  try {
    await checkDigest(driver, digest);
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'DIGEST_CHANGED')) throw error;
    throw new AppError('DIGEST_CHANGED', CHANGED, error.details, error);
  } finally {
    await driver.close();
  }
}

const CHANGED =
  'This graph was built with other rules, sources or public suffixes than those of today: build it again by ' +
  '`npm run avd -- up` and `npm run avd -- replay --into <url of an empty database>`, or start a new one with ' +
  '`AVD_HOME=<another folder> npm start`.';

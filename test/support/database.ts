import { randomUUID } from 'node:crypto';
import type { Driver } from 'neo4j-driver';
import { openDriver } from '../../src/graph/driver.ts';
import { migrate } from '../../src/graph/migrate.ts';
import { inProgram } from '../../src/program.ts';
import { testServers } from './test-servers.ts';

const MIGRATIONS = inProgram('migrations');

/** A driver for the run's Neo4j; the test closes it. */
export function testDriver(): Driver {
  return openDriver(testServers().neo4j);
}

/** Empties the run's database, whatever a test before has left in it, and migrates it. */
export async function freshDatabase(driver: Driver): Promise<void> {
  const session = driver.session();
  try {
    // In batches, and claims before nodes: in one transaction, a graph or a hub of it would outgrow the memory.
    await session.run('MATCH ()-[r]->() CALL (r) { DELETE r } IN TRANSACTIONS OF 10000 ROWS');
    await session.run('MATCH (n) CALL (n) { DELETE n } IN TRANSACTIONS OF 10000 ROWS');
  } finally {
    await session.close();
  }
  await migrate(driver, MIGRATIONS);
}

/** A name that no other test has: for groups, topics and keys on the run's shared Kafka. */
export function uniqueName(what: string): string {
  return `test-${what}-${randomUUID().slice(0, 8)}`;
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Driver, openDriver } from '../src/graph/driver.ts';
import { migrate } from '../src/graph/migrate.ts';
import { startNeo4j } from '../src/local/neo4j.ts';
import { freePorts } from '../src/local/ports.ts';
import { inProgram } from '../src/program.ts';

const MIGRATIONS = inProgram('migrations');

/** Runs `work` against a Neo4j of its own in a temporary folder, migrated and empty, and stops it afterwards. */
export async function withDatabase<T>(work: (driver: Driver) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'avd-bench-'));
  const [port = 0] = await freePorts(1);
  const neo4j = await startNeo4j({ home: join(folder, 'neo4j'), port, password: 'only-for-benchmarks' });
  const driver = openDriver(neo4j);
  try {
    await migrate(driver, MIGRATIONS);
    return await work(driver);
  } finally {
    await driver.close();
    await neo4j.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Empties the database but for the schema. */
export async function wipe(driver: Driver): Promise<void> {
  const session = driver.session();
  try {
    await session.run(
      'MATCH (n) WHERE NOT n:Migration AND NOT n:GraphLock AND NOT n:GraphDigest CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS',
    );
  } finally {
    await session.close();
  }
}

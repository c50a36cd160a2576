import { fileURLToPath } from 'node:url';
import type { Driver } from '../graph/driver.ts';
import { migrate } from '../graph/migrate.ts';

const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));

/** Brings the graph's constraints and indexes to the newest version. */
export async function migrateGraph(openDriver: () => Driver): Promise<readonly string[]> {
  const driver = openDriver();
  try {
    return (await migrate(driver, MIGRATIONS)).applied;
  } finally {
    await driver.close();
  }
}

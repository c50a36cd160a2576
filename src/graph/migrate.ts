import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import { type Driver, type ManagedTransaction, toAppError } from './driver.ts';
import { run } from './statement.ts';
import {
  appliedMigrations,
  awaitIndexes,
  lockMigrations,
  migrationConstraint,
  recordMigration,
} from './statements/migration.ts';

interface Migration {
  readonly version: string;
  readonly name: string;
  readonly checksum: string;
  readonly statements: readonly string[];
}

const FILE_NAME = /^(V\d{4})__(.+)\.cypher$/;

/**
 * Brings the database to the newest version. Files are `V0001__what.cypher`, applied in order, each once. A file that
 * was applied and has changed since stops everything; running again is safe, and so is running twice at a time.
 * @throws AppError MIGRATION_CHANGED, DATABASE_UNAVAILABLE
 */
export async function migrate(driver: Driver, folder: string): Promise<{ applied: string[] }> {
  const migrations = await readMigrations(folder);
  const guard = driver.session();
  try {
    await guard.run(migrationConstraint.text);
    // The lock is held by an open transaction beside the ones that work, since schema and data can't share one.
    return await guard.executeWrite(async (lock) => {
      await run(lock, lockMigrations, {});
      return { applied: await applyMissing(driver, migrations) };
    });
  } catch (error) {
    throw toAppError(error);
  } finally {
    await guard.close();
  }
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => FILE_NAME.test(file)).sort();
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(folder, file), 'utf8');
      const [, version = '', name = ''] = FILE_NAME.exec(file) ?? [];
      const checksum = createHash('sha256').update(text).digest('hex');
      return { version, name, checksum, statements: splitStatements(text) };
    }),
  );
}

/** Statements end with a semicolon at the end of a line; lines that begin with `//` are comments. */
function splitStatements(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('//'))
    .join('\n')
    .split(/;\s*(?:\n|$)/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

async function applyMissing(driver: Driver, migrations: readonly Migration[]): Promise<string[]> {
  const session = driver.session();
  try {
    const rows = await session.executeRead((tx) => run(tx, appliedMigrations, {}));
    const known = new Map(rows.map((row) => [row.version, row.checksum]));
    const applied: string[] = [];
    for (const migration of migrations) {
      const checksum = known.get(migration.version);
      if (checksum === undefined) {
        await apply(session, migration);
        applied.push(`${migration.version}__${migration.name}`);
      } else if (checksum !== migration.checksum) {
        throw new AppError(
          'MIGRATION_CHANGED',
          `Migration ${migration.version}__${migration.name} was changed after it was applied; add a new one instead.`,
        );
      }
    }
    if (applied.length > 0) {
      await session.run(awaitIndexes.text);
    }
    return applied;
  } finally {
    await session.close();
  }
}

async function apply(session: ReturnType<Driver['session']>, migration: Migration): Promise<void> {
  for (const text of migration.statements) {
    await session.executeWrite((tx: ManagedTransaction) => tx.run(text));
  }
  const { version, name, checksum } = migration;
  await session.executeWrite((tx) => run(tx, recordMigration, { version, name, checksum }));
}

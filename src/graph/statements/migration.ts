import { statement } from '../statement.ts';

export const migrationConstraint = statement<Record<string, never>, Record<string, never>>(
  'migration.constraint',
  'CREATE CONSTRAINT migration_version IF NOT EXISTS FOR (m:Migration) REQUIRE m.version IS UNIQUE',
);

/** Waits for whoever migrates now; the lock goes with the transaction, so it can't be left behind. */
export const lockMigrations = statement<Record<string, never>, { version: string }>(
  'migration.lock',
  `MERGE (m:Migration {version: 'lock'}) REMOVE m.lock RETURN m.version AS version`,
);

export const appliedMigrations = statement<Record<string, never>, { version: string; checksum: string }>(
  'migration.applied',
  `MATCH (m:Migration) WHERE m.checksum IS NOT NULL RETURN m.version AS version, m.checksum AS checksum ORDER BY version`,
);

export const recordMigration = statement<{ version: string; name: string; checksum: string }, { version: string }>(
  'migration.record',
  `MERGE (m:Migration {version: $version})
   SET m.name = $name, m.checksum = $checksum, m.appliedAt = datetime()
   RETURN m.version AS version`,
);

export const awaitIndexes = statement<Record<string, never>, Record<string, never>>(
  'migration.awaitIndexes',
  'CALL db.awaitIndexes(300)',
);

import { type Config, loadConfig } from '../config.ts';
import { AppError } from '../errors.ts';
import { type DatabaseAddress, type Driver, openDriver } from '../graph/driver.ts';
import { passwordOf, readServersFile } from '../local/home.ts';

/** The settings, and where the servers are that they name or that `avd up` has started. */
export interface Context {
  readonly config: Config;
  readonly neo4j: DatabaseAddress;
  readonly kafkaBrokers: readonly string[];
  /** A connection pool to that Neo4j; the caller closes it. */
  openDriver(): Driver;
}

/**
 * Reads the settings and `<AVD_HOME>/servers.json`. Connects to nothing.
 * @throws AppError CONFIG_INVALID, or SERVER_NOT_READY where no server was named and none was ever started.
 */
export function loadContext(env: Readonly<Record<string, string | undefined>> = process.env): Context {
  const config = loadConfig(env);
  const local = config.neo4j && config.kafkaBrokers ? undefined : readServersFile(config.home);
  const neo4j = config.neo4j ?? (local && localNeo4j(config.home, local.neo4j.port));
  const kafkaBrokers = config.kafkaBrokers ?? (local && [`127.0.0.1:${local.kafka.port}`]);
  if (!neo4j || !kafkaBrokers) {
    throw new AppError(
      'SERVER_NOT_READY',
      `No servers were started in ${config.home} yet: run \`npm start\` or \`npm run avd -- up\`, or name them by NEO4J_URI and KAFKA_BROKERS.`,
    );
  }
  return { config, neo4j, kafkaBrokers, openDriver: () => openDriver(neo4j) };
}

/** The Neo4j that runs from `home` at `port`. */
export function localNeo4j(home: string, port: number): DatabaseAddress {
  return { uri: `bolt://127.0.0.1:${port}`, username: 'neo4j', password: passwordOf(home) };
}

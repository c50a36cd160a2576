import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { loadConfig } from '../../src/config.ts';
import { startKafka } from '../../src/local/kafka.ts';
import { startNeo4j } from '../../src/local/neo4j.ts';
import { freePorts } from '../../src/local/ports.ts';
import { watchFolder } from './watchdog.ts';

/** The real servers of this run: `inject('servers')` in a test. */
export interface TestServers {
  readonly neo4j: { readonly uri: string; readonly username: string; readonly password: string };
  readonly kafkaBrokers: readonly string[];
}

declare module 'vitest' {
  export interface ProvidedContext {
    servers: TestServers;
  }
}

/**
 * Before the integration tests: uses the servers that NEO4J_URI and KAFKA_BROKERS name, and starts those that they
 * don't in a temporary folder. Afterwards, however the run ends, the watchdog stops them and deletes the folder.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const config = loadConfig(process.env);
  const folder = mkdtempSync(join(tmpdir(), 'avd-test-'));
  const end = watchFolder(folder);
  const say = (text: string) => process.stderr.write(`${text}\n`);
  try {
    const [neo4jPort = 0, kafkaPort = 0, controllerPort = 0] = await freePorts(3);
    const kafkaHome = join(folder, 'kafka');
    const neo4jHome = join(folder, 'neo4j');
    const [neo4j, kafka] = await both<TestServers['neo4j'], { readonly brokers: readonly string[] }>(
      config.neo4j ?? startNeo4j({ home: neo4jHome, port: neo4jPort, password: 'only-for-tests', progress: say }),
      config.kafkaBrokers
        ? { brokers: config.kafkaBrokers }
        : startKafka({ home: kafkaHome, port: kafkaPort, controllerPort, progress: say }),
    );
    project.provide('servers', {
      neo4j: { uri: neo4j.uri, username: neo4j.username, password: neo4j.password },
      kafkaBrokers: kafka.brokers,
    });
    return end;
  } catch (error) {
    await end();
    throw error;
  }
}

/** As Promise.all, but waits for the other one when one fails: what is still starting can't be stopped yet. */
async function both<A, B>(a: A | Promise<A>, b: B | Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}

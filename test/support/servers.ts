import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { loadConfig } from '../../src/config.ts';
import { startKafka } from '../../src/local/kafka.ts';
import { startNeo4j } from '../../src/local/neo4j.ts';
import { freePorts } from '../../src/local/ports.ts';
import { COMPILE_LIGHTLY } from '../../src/local/tool.ts';
import { inProgram } from '../../src/program.ts';
import { TEST_WORKERS } from './test-workers.ts';
import { watchFolder } from './watchdog.ts';

/** A database and a broker, for the test files of one worker: see `testServers`. */
export interface TestServers {
  readonly neo4j: { readonly uri: string; readonly username: string; readonly password: string };
  readonly kafkaBrokers: readonly string[];
}

declare module 'vitest' {
  export interface ProvidedContext {
    servers: readonly TestServers[];
  }
}

/**
 * Before the integration tests: builds the processes and threads that they start, and starts a database and a broker for
 * each worker in a temporary folder, but for those that NEO4J_URI and KAFKA_BROKERS name. Afterwards, however the run
 * ends, the watchdog stops them and deletes the folder.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  execFileSync(process.execPath, [inProgram('scripts/build.mjs')]);
  const folder = mkdtempSync(join(tmpdir(), 'avd-test-'));
  const end = watchFolder(folder);
  try {
    const servers: TestServers[] = [];
    for (let worker = 1; worker <= TEST_WORKERS; worker++) servers.push(await startServers(folder, worker));
    project.provide('servers', servers);
    return end;
  } catch (error) {
    await end();
    throw error;
  }
}

/**
 * Ten times the uses after which Java compiles thoroughly. Tests ask so many different things that a third of a
 * database's time goes to that otherwise; without it altogether, what they ask often would take half as long again.
 */
const COMPILE_LATE = [
  '-XX:Tier4InvocationThreshold=50000',
  '-XX:Tier4MinInvocationThreshold=6000',
  '-XX:Tier4CompileThreshold=150000',
  '-XX:Tier4BackEdgeThreshold=400000',
];

async function startServers(folder: string, worker: number): Promise<TestServers> {
  const config = loadConfig(process.env);
  const progress = (text: string) => process.stderr.write(`${text}\n`);
  const [neo4jPort = 0, kafkaPort = 0, controllerPort = 0] = await freePorts(3);
  // The watchdog looks one level below the folder.
  const kafkaHome = join(folder, `kafka-${worker}`);
  const neo4jHome = join(folder, `neo4j-${worker}`);
  const [neo4j, kafka] = await both<TestServers['neo4j'], { readonly brokers: readonly string[] }>(
    config.neo4j ??
      startNeo4j({
        home: neo4jHome,
        port: neo4jPort,
        password: 'only-for-tests',
        javaOptions: COMPILE_LATE,
        progress,
      }),
    config.kafkaBrokers
      ? { brokers: config.kafkaBrokers }
      : // It has too little to do for the thorough compiler to pay.
        startKafka({ home: kafkaHome, port: kafkaPort, controllerPort, javaOptions: [COMPILE_LIGHTLY], progress }),
  );
  const { uri, username, password } = neo4j;
  return { neo4j: { uri, username, password }, kafkaBrokers: kafka.brokers };
}

/** As Promise.all, but waits for the other one when one fails: what is still starting can't be stopped yet. */
async function both<A, B>(a: A | Promise<A>, b: B | Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}

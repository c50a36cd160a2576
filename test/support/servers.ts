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
    const servers = await startServers(folder);
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
].join(' ');

const progress = (text: string) => process.stderr.write(`${text}\n`);

async function startServers(folder: string): Promise<TestServers[]> {
  const workers = Array.from({ length: TEST_WORKERS }, (_, i) => i + 1);
  process.env.JAVA_TOOL_OPTIONS = COMPILE_LIGHTLY;
  const brokers = await all(workers.map((worker) => brokersFor(join(folder, `kafka-${worker}`))));
  process.env.JAVA_TOOL_OPTIONS = COMPILE_LATE;
  const databases = await all(workers.map((worker) => databaseFor(join(folder, `neo4j-${worker}`))));
  delete process.env.JAVA_TOOL_OPTIONS;
  return databases.map((neo4j, i) => ({ neo4j, kafkaBrokers: brokers[i] as readonly string[] }));
}

// The watchdog looks for servers one level below its folder: these are their homes.

async function brokersFor(home: string): Promise<readonly string[]> {
  const { kafkaBrokers } = loadConfig(process.env);
  if (kafkaBrokers !== undefined) return kafkaBrokers;
  const [port = 0, controllerPort = 0] = await freePorts(2);
  return (await startKafka({ home, port, controllerPort, progress })).brokers;
}

async function databaseFor(home: string): Promise<TestServers['neo4j']> {
  const [port = 0] = await freePorts(1);
  const server =
    loadConfig(process.env).neo4j ?? (await startNeo4j({ home, port, password: 'only-for-tests', progress }));
  return { uri: server.uri, username: server.username, password: server.password };
}

/** As Promise.all, but waits for the others when one fails: what is still starting can't be stopped yet. */
async function all<T>(started: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(started);
  return Promise.all(started);
}

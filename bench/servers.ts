import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDriver } from '../src/graph/driver.ts';
import { migrate } from '../src/graph/migrate.ts';
import { startKafka } from '../src/local/kafka.ts';
import { startNeo4j } from '../src/local/neo4j.ts';
import { freePorts } from '../src/local/ports.ts';
import { inProgram, type Program, processArguments } from '../src/program.ts';
import { createKafka, ensureTopics } from '../src/stream/kafka.ts';
import { createProducer } from '../src/stream/producer.ts';

const READY_WITHIN_MS = 60_000;

export interface Api {
  readonly port: number;
  readonly process: ChildProcess;
}

export type BenchServers = Awaited<ReturnType<typeof startServers>>;

/** A Neo4j and a Kafka of their own in a temporary folder, and the processes of AVD as `npm start` runs them. */
export async function startServers({ partitions = 3 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'avd-bench-'));
  const [neo4jPort = 0, kafkaPort = 0, controllerPort = 0] = await freePorts(3);
  const [neo4j, broker] = await Promise.all([
    startNeo4j({ home: join(folder, 'neo4j'), port: neo4jPort, password: 'only-for-benchmarks' }),
    startKafka({ home: join(folder, 'kafka'), port: kafkaPort, controllerPort }),
  ]);
  const [driver, kafka] = [openDriver(neo4j), createKafka(broker.brokers)];
  await Promise.all([migrate(driver, inProgram('migrations')), ensureTopics(kafka, { partitions })]);
  const producer = createProducer(kafka);
  const children: ChildProcess[] = [];

  function start(program: Program, more: Readonly<Record<string, string>>): ChildProcess {
    const child = spawn(process.execPath, processArguments(program), {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        NEO4J_URI: neo4j.uri,
        NEO4J_USERNAME: neo4j.username,
        NEO4J_PASSWORD: neo4j.password,
        KAFKA_BROKERS: broker.brokers.join(','),
        AVD_PARENT_PID: String(process.pid),
        LOG_LEVEL: 'warn',
        NODE_ENV: 'production',
        ...more,
      },
    });
    children.push(child);
    return child;
  }

  async function startApi(engine: 'index' | 'neo4j'): Promise<Api> {
    const [port = 0] = await freePorts(1);
    const api = start('api', { EXPOSURE_ENGINE: engine, PORT: String(port), AVD_HOME: join(folder, engine) });
    for (const end = Date.now() + READY_WITHIN_MS; ; await sleep(200)) {
      const isReady = await fetch(`http://127.0.0.1:${port}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isReady) return { port, process: api };
      if (Date.now() > end) throw new Error(`The API with ${engine} is not ready.`);
    }
  }

  async function stop(): Promise<void> {
    for (const child of children) child.kill('SIGKILL');
    await producer.close();
    await driver.close();
    await Promise.all([neo4j.kill(), broker.kill()]);
    rmSync(folder, { recursive: true, force: true });
  }

  return {
    driver,
    kafka,
    brokers: broker.brokers,
    producer,
    startApi,
    startConsumer: () => start('consumers', {}),
    stop,
  };
}

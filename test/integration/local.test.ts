import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { openDriver } from '../../src/graph/driver.ts';
import { readServersFile } from '../../src/local/home.ts';
import { startKafka } from '../../src/local/kafka.ts';
import { startNeo4j } from '../../src/local/neo4j.ts';
import { freePorts } from '../../src/local/ports.ts';
import { runningProcesses, startServers, stopServers } from '../../src/local/servers.ts';
import { createKafka, ensureTopics, logEnds, withAdmin } from '../../src/stream/kafka.ts';
import { createProducer } from '../../src/stream/producer.ts';
import { RAW_TOPICS } from '../../src/stream/topics.ts';
import { watchFolder } from '../support/watchdog.ts';
import '../support/short-lived-java.ts';

/** Servers start and stop several times in each. */
vi.setConfig({ testTimeout: 600_000 });

let folder: string;
let end: () => Promise<void>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'avd-local-'));
  end = watchFolder(folder);
});
afterEach(() => end());

/** Command lines of the Java processes that work in the test's folder, by whatever way they were started. */
function javaHere(): string[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes('java') && line.includes(folder));
}

async function ask(uri: string, password: string, query: string): Promise<unknown[]> {
  const driver = openDriver({ uri, username: 'neo4j', password });
  try {
    return (await driver.executeQuery(query)).records.map((record) => record.get(0));
  } finally {
    await driver.close();
  }
}

test('Neo4j keeps what was committed through kill -9, and a second start adopts the one that runs', async () => {
  const [port = 0] = await freePorts(1);
  const options = { home: join(folder, 'neo4j'), port, password: 'a-password-for-tests' };
  const first = await startNeo4j(options);
  await ask(first.uri, first.password, 'CREATE (:Kept {x: 1})');
  expect((await startNeo4j(options)).pid).toBe(first.pid);
  await first.kill();
  expect(javaHere()).toEqual([]);
  const second = await startNeo4j(options);
  expect(await ask(second.uri, second.password, 'MATCH (k:Kept) RETURN k.x')).toEqual([1]);
  await expect(ask(second.uri, 'wrong', 'RETURN 1')).rejects.toThrow(/authentication|unauthorized/i);
  await second.stop();
  expect(javaHere()).toEqual([]);
});

test('Kafka keeps what was acknowledged through kill -9, a stop, and a change of its ports', async () => {
  const home = join(folder, 'kafka');
  const start = async () => {
    const [port = 0, controllerPort = 0] = await freePorts(2);
    return startKafka({ home, port, controllerPort });
  };
  const held = async (brokers: readonly string[]) =>
    (await logEnds(createKafka(brokers), [RAW_TOPICS.dns])).reduce((sum, { start, end }) => sum + end - start, 0);

  const first = await start();
  await ensureTopics(createKafka(first.brokers), { partitions: 2 });
  const producer = createProducer(createKafka(first.brokers));
  await producer.connect();
  await producer.send(RAW_TOPICS.dns, [{ key: 'k', value: Buffer.alloc(16 * 1024 * 1024, 'x') }]);
  await producer.close();
  await first.kill();
  const second = await start();
  expect(await held(second.brokers)).toBe(1);
  await second.stop();
  const third = await start();
  expect(await held(third.brokers)).toBe(1);
  expect(await withAdmin(createKafka(third.brokers), (admin) => admin.listTopics())).toContain(RAW_TOPICS.dns);
  await third.stop();
  expect(javaHere()).toEqual([]);
});

test('a stranger on the port is said in one sentence, and nothing is started', async () => {
  const stranger = createServer().listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  const address = stranger.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await expect(startNeo4j({ home: join(folder, 'neo4j'), port, password: 'a-password' })).rejects.toMatchObject({
    code: 'PORT_IN_USE',
  });
  expect(javaHere()).toEqual([]);
  stranger.close();
});

test('a server that does not come up is said with the end of its log, and leaves no orphan', async () => {
  const home = join(folder, 'kafka');
  mkdirSync(join(home, 'data'), { recursive: true });
  writeFileSync(join(home, 'formatted'), '');
  writeFileSync(join(home, 'data', 'meta.properties'), 'version=1\nnode.id=999\ncluster.id=other\n');
  const [port = 0, controllerPort = 0] = await freePorts(2);
  const failure = await startKafka({ home, port, controllerPort }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'SERVER_NOT_READY' });
  expect(String(failure)).toMatch(/Kafka ended while it was starting; its log is .*kafka\.log and ends:\n.+/);
  expect(javaHere()).toEqual([]);
});

test('children of a start that was killed are recovered by the next, on new ports where a stranger took theirs', async () => {
  const home = join(folder, 'home');
  const env = { ...process.env, AVD_HOME: home, NEO4J_URI: '', KAFKA_BROKERS: '' };
  // The servers lie one level deeper than the watchdog looks.
  try {
    const killed = spawn(process.execPath, ['build/cli.js', 'up'], { env, stdio: 'ignore' });
    while (javaHere().length === 0) await sleep(20);
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const config = loadConfig({ AVD_HOME: home });
    await startServers(config);
    expect(runningProcesses(home).map(([service]) => service)).toEqual(['kafka', 'neo4j']);
    expect(javaHere()).toHaveLength(2);
    const before = readServersFile(home);
    expect(await stopServers(home)).toEqual(['kafka', 'neo4j']);
    expect(javaHere()).toEqual([]);

    const stranger = createServer().listen(before?.kafka.port, '127.0.0.1');
    await once(stranger, 'listening');
    await startServers(config);
    const after = readServersFile(home);
    expect(after?.kafka.port).not.toBe(before?.kafka.port);
    expect(after?.neo4j).toEqual(before?.neo4j);
    stranger.close();
  } finally {
    if (existsSync(home)) await stopServers(home);
    rmSync(home, { recursive: true, force: true });
  }
  expect(javaHere()).toEqual([]);
});

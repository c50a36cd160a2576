import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePorts } from '../../src/local/ports.ts';
import { runningProcesses, stopServers } from '../../src/local/servers.ts';
import { leftProcesses } from '../../src/main/supervisor.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { testServers } from '../support/test-servers.ts';
import '../support/short-lived-java.ts';

let folder: string;
let home: string;
let port: number;
let starts: Start[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'avd-start-'));
  home = join(folder, 'home');
  mkdirSync(home);
  starts = [];
  [port = 0] = await freePorts(1);
});
afterEach(async () => {
  for (const { process } of starts) process.kill('SIGKILL');
  for (const one of leftProcesses(home)) await one.kill();
  await stopServers(home);
  spawnSync('rm', ['-rf', folder]);
});

interface Start {
  readonly process: ChildProcess;
  output(): string;
}

const DIRECTLY = [process.execPath, 'scripts/start.mjs'] as const;
/** A signal to npm has to reach what it runs. */
const BY_NPM = ['npm', 'start'] as const;

function npmStart(env: Record<string, string> = {}, [command, argument]: readonly [string, string] = DIRECTLY): Start {
  const child = spawn(command, [argument], {
    env: {
      ...process.env,
      NEO4J_URI: '',
      KAFKA_BROKERS: '',
      AVD_SAMPLE: 'none',
      AVD_HOME: home,
      PORT: String(port),
      ...env,
    },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const start = { process: child, output: () => text };
  starts.push(start);
  return start;
}

async function until(what: () => boolean | Promise<boolean>, start?: Start): Promise<void> {
  while (!(await what())) {
    if (start && start.process.exitCode !== null) throw new Error(`ended early:\n${start.output()}`);
    await sleep(100);
  }
}

const ready = (start: Start) => until(() => start.output().includes('AVD is ready'), start);
const apiAnswers = () =>
  fetch(`http://127.0.0.1:${port}/health/ready`).then(
    (reply) => reply.ok,
    () => false,
  );
const serverPids = () => runningProcesses(home).map(([, process]) => process.pid);

async function ended(start: Start): Promise<number | null> {
  if (start.process.exitCode === null) await once(start.process, 'exit');
  return start.process.exitCode;
}

test('npm start outlives kill -9 of each of its processes, of itself too, and stops everything when it is asked to', async () => {
  const first = npmStart();
  await ready(first);
  expect(serverPids()).toHaveLength(2);
  await until(() => leftProcesses(home).length === 2, first);

  const second = npmStart();
  expect(await ended(second)).not.toBe(0);
  expect(second.output()).toMatch(/already runs from/);

  for (const one of leftProcesses(home)) process.kill(one.pid, 'SIGKILL');
  await until(async () => !(await apiAnswers()), first);
  await until(apiAnswers, first);

  const firstServers = serverPids();
  for (const pid of firstServers) process.kill(pid, 'SIGKILL');
  await until(async () => serverPids().length === 2 && (await apiAnswers()), first);

  const servers = serverPids();
  expect(servers).not.toEqual(firstServers);
  first.process.kill('SIGKILL');
  await until(() => leftProcesses(home).length === 0);
  const third = npmStart();
  await ready(third);
  expect(serverPids()).toEqual(servers);

  third.process.kill('SIGTERM');
  expect(await ended(third)).toBe(0);
  expect(serverPids()).toEqual([]);
  expect(leftProcesses(home)).toEqual([]);
  expect(await apiAnswers()).toBe(false);
}, 600_000);

test('a port in use is one sentence, exit code 1, and nothing is started', async () => {
  const blocker = createServer().listen(port, '127.0.0.1');
  await once(blocker, 'listening');
  const start = npmStart();
  expect(await ended(start)).toBe(1);
  expect(start.output()).toMatch(new RegExp(`^Port ${port} is in use: .*PORT=${port + 1} npm start`, 'm'));
  expect(serverPids()).toEqual([]);
  blocker.close();
});

test('a missing Java or Maven is one sentence with the command that installs it', async () => {
  // A PATH with Node and a shell and nothing else.
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const tool of ['sh', 'npm', 'cat', 'mv'])
    spawnSync('ln', ['-s', spawnSync('which', [tool], { encoding: 'utf8' }).stdout.trim(), bin]);
  const noJava = npmStart({ PATH: bin, JAVA_HOME: '' });
  expect(await ended(noJava)).toBe(1);
  expect(noJava.output()).toMatch(/^Java 17 or newer is needed.*install/m);

  spawnSync('ln', ['-s', spawnSync('which', ['java'], { encoding: 'utf8' }).stdout.trim(), bin]);
  const noMaven = npmStart({ PATH: bin, JAVA_HOME: '', AVD_CACHE: join(folder, 'empty-cache') });
  expect(await ended(noMaven)).toBe(1);
  expect(noMaven.output()).toMatch(/^Maven is needed.*install/m);
});

test('a signal to npm while the servers come up ends them too', async () => {
  const start = npmStart({}, BY_NPM);
  await until(() => serverPids().length === 2, start);
  start.process.kill('SIGTERM');
  expect(await ended(start)).toBe(0);
  expect(serverPids()).toEqual([]);
});

test('a graph of other rules ends npm start at once, in one sentence with the way out, whenever it turns up', async () => {
  const { neo4j, kafkaBrokers } = testServers();
  const named = {
    NEO4J_URI: neo4j.uri,
    NEO4J_USERNAME: neo4j.username,
    NEO4J_PASSWORD: neo4j.password,
    KAFKA_BROKERS: kafkaBrokers.join(','),
  };
  const driver = testDriver();
  await freshDatabase(driver);
  const running = npmStart(named);
  await ready(running);
  await until(() => leftProcesses(home).length === 2, running);
  await until(async () => (await driver.executeQuery('MATCH (d:GraphDigest) RETURN d')).records.length === 1, running);
  await driver.executeQuery("MATCH (d:GraphDigest) SET d.digest = 'of other rules'");
  for (const one of leftProcesses(home)) process.kill(one.pid, 'SIGKILL');
  expect(await ended(running)).toBe(1);
  expect(running.output()).toMatch(/^This graph was built with other rules.*avd -- replay --into/m);

  const again = npmStart(named);
  expect(await ended(again)).toBe(1);
  expect(again.output()).toMatch(/^This graph was built with other rules.*avd -- replay --into/m);
  expect(again.output()).not.toMatch(/starts again|AVD is ready/);
  expect(leftProcesses(home)).toEqual([]);
  await driver.close();
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chooseServers, passwordOf, readServersFile, writeServersFile } from '../../src/local/home.ts';
import { parseStartTime, startTimeOf } from '../../src/local/identity.ts';
import { lockHolder, takeLock } from '../../src/local/lock.ts';
import { freePorts, isFree } from '../../src/local/ports.ts';
import { findProcess, launch } from '../../src/local/processes.ts';
import { loadServerSettings } from '../../src/local/settings.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'avd-unit-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sleeper = (pidFile: string) =>
  launch({ command: 'sleep', args: ['60'], background: true, pidFile, logFile: join(folder, 'log') });

test('a start time is read whatever the name of the process', () => {
  const fields = Array.from({ length: 50 }, (_, i) => String(i + 3));
  expect(parseStartTime(`12 (a ) b (c) ${['S', ...fields.slice(1)].join(' ')}`)).toBe('22');
  expect(parseStartTime('Mon Nov 24 10:00:00 2025\n')).toBe('Mon Nov 24 10:00:00 2025');
});

test('a zombie and an empty line have no start time', () => {
  expect(parseStartTime(`12 (java) Z ${Array(50).fill('1').join(' ')}`)).toBeUndefined();
  expect(parseStartTime('')).toBeUndefined();
});

test('a zombie whose other threads are still ending lives: it holds its ports', () => {
  const fields = Array.from({ length: 50 }, (_, i) => String(i + 3));
  expect(parseStartTime(`12 (java) ${['Z', ...fields.slice(1)].join(' ')}`)).toBe('22');
});

test('a launched process writes its own pid file, is found by it, and is gone after stop', async () => {
  const pidFile = join(folder, 'pid');
  const own = await sleeper(pidFile);
  expect(findProcess(pidFile)?.pid).toBe(own.pid);
  await own.stop();
  expect(startTimeOf(own.pid)).toBeUndefined();
  expect(findProcess(pidFile)).toBeUndefined();
});

test('a process that ignores SIGTERM is killed when patience ends', async () => {
  const own = await launch({
    command: 'sh',
    args: ['-c', 'trap "" TERM; while :; do sleep 0.1; done'],
    background: true,
    pidFile: join(folder, 'pid'),
    logFile: join(folder, 'log'),
  });
  await own.stop(200);
  expect(own.isAlive()).toBe(false);
});

test('a stranger that has got the pid of a dead process is neither found nor touched', async () => {
  const stranger = spawn('sleep', ['60']);
  await once(stranger, 'spawn');
  writeFileSync(join(folder, 'pid'), `${stranger.pid}\n${stranger.pid} (java) S ${Array(50).fill('1').join(' ')}\n`);
  expect(findProcess(join(folder, 'pid'))).toBeUndefined();
  expect(stranger.kill()).toBe(true);
});

test('a pid file that is cut off or not ours names nobody', () => {
  for (const content of ['', '12', 'x\ny', '1\n1 (init) S 1', '-5\nnow']) {
    writeFileSync(join(folder, 'pid'), content);
    expect(findProcess(join(folder, 'pid'))).toBeUndefined();
  }
});

test('a port that somebody listens on is not free, and chosen ports differ', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  expect(await isFree(port)).toBe(false);
  server.close();
  expect(new Set(await freePorts(5)).size).toBe(5);
});

test('what runs where is remembered, and a broken memory is said in one sentence', async () => {
  expect(readServersFile(folder)).toBeUndefined();
  const servers = await chooseServers('processes');
  writeServersFile(folder, servers);
  expect(readServersFile(folder)).toEqual(servers);
  writeFileSync(join(folder, 'servers.json'), '{"by": "magic"');
  expect(() => readServersFile(folder)).toThrow(/delete it/);
});

test('the password is made once and readable by nobody else', () => {
  const password = passwordOf(folder);
  expect(password).toMatch(/^[0-9a-f]{48}$/);
  expect(passwordOf(folder)).toBe(password);
});

test('a folder has one master at a time, and a dead one is none', () => {
  const release = takeLock(folder);
  expect(lockHolder(folder)?.pid).toBe(process.pid);
  expect(() => takeLock(folder)).toThrow(/already runs/);
  release();
  writeFileSync(join(folder, 'lock'), '999999\n1\n');
  takeLock(folder)();
});

test('docker-compose.yml takes every version and size from servers.env', () => {
  const compose = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8');
  for (const name of Object.keys(loadServerSettings())) expect(compose).toMatch(new RegExp(`\\$\\{${name}[}:]`));
  for (const image of compose.matchAll(/image: (.*)/g)) expect(image[1]).toMatch(/:\$\{[A-Z0-9_]+_VERSION/);
});

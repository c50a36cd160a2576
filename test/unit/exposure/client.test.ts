import { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createExposureIndexClient } from '../../../src/exposure/client.ts';
import type { WorkerSettings } from '../../../src/exposure/messages.ts';

const settings: WorkerSettings = {
  neo4j: { uri: 'bolt://127.0.0.1:1', username: '', password: '' },
  kafkaBrokers: [],
  sources: '',
  logLevel: 'silent',
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The pauses between the ends of threads and the starts of the next ones, each thread as useful as `isUseful` says. */
function pausesBetween(isUseful: readonly boolean[]): number[] {
  const pauses: number[] = [];
  let thread = new EventEmitter();
  let endedAt = Date.now();
  createExposureIndexClient(settings, pino({ level: 'silent' }), () => {
    pauses.push(Date.now() - endedAt);
    thread = new EventEmitter();
    return thread as Worker;
  });
  for (const useful of isUseful) {
    if (useful) thread.emit('message', { kind: 'state', version: 'aa-1-1' });
    endedAt = Date.now();
    thread.emit('exit', 1);
    vi.advanceTimersToNextTimer();
  }
  return pauses.slice(1);
}

it('starts a thread later and later where none can be asked, and soon after one that could be', () => {
  expect(pausesBetween([false, false, false, true, true, false])).toEqual([1_000, 2_000, 4_000, 1_000, 1_000, 2_000]);
});

it('is ready when it can be asked, and stays so', async () => {
  const thread = new EventEmitter() as Worker;
  const client = createExposureIndexClient(settings, pino({ level: 'silent' }), () => thread);
  const states: string[] = [];
  void client.ready.then(() => states.push('ready'));
  thread.emit('message', { kind: 'state' });
  await Promise.resolve();
  expect(states).toEqual([]);
  thread.emit('message', { kind: 'state', version: 'aa-1-1' });
  thread.emit('message', { kind: 'state' });
  await Promise.resolve();
  expect(states).toEqual(['ready']);
});

import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KeptIndex } from '../../src/exposure/keeper.ts';
import { CHANGE_TOPICS } from '../../src/stream/topics.ts';
import { freshDatabase } from '../support/database.ts';
import { declaredSources } from '../support/facts.ts';
import { type Keeping, type KeepingOptions, startKeeping } from '../support/keeping.ts';
import { expectAsDatabase, expectAsFresh, until, untilReached, writeAndTell } from '../support/kept-index.ts';
import { lawCorpus } from '../support/law-corpus.ts';
import { manyActions } from '../support/many-actions.ts';
import { createPipeline } from '../support/pipeline.ts';
import { seeded, shuffled } from '../support/seeded.ts';
import { testServers } from '../support/test-servers.ts';

/** An index that follows the changes is the one that a fresh load would give, whatever happens meanwhile. */
const seed = Number(process.env.LIVE_SEED ?? Date.now() % 1_000_000);
const random = seeded(seed);
const next = manyActions(random);
const actions = (count: number) => Array.from({ length: count }, () => next(Date.now()));

const LOADED = 'the exposure index is loaded from the graph';
const FROM_FILE = 'the exposure index is read from its file';
const NOT_READ = 'the saved exposure index cannot be read';
const ANEW = 'the exposure index is made anew';

const folder = mkdtempSync(join(tmpdir(), 'avd-live-'));
const pipeline = createPipeline(testServers(), declaredSources);
const { driver, kafka } = pipeline;
const started: Keeping[] = [];
let file: string;
let asked = 0;

process.stderr.write(`LIVE_SEED=${seed}\n`);
beforeEach(async () => {
  await pipeline.begin({ partitions: 3 });
  file = join(folder, String(Math.random()));
}, 120_000);
afterEach(async () => {
  await Promise.all(started.splice(0).map((keeping) => keeping.stop()));
}, 60_000);
afterAll(async () => {
  await pipeline.close();
  rmSync(folder, { recursive: true });
  process.stderr.write(`${asked} questions were answered as by a fresh index\n`);
});

function keep(options: Partial<KeepingOptions> = {}): Keeping {
  const keeping = startKeeping({ driver, kafka, sources: declaredSources, ...options });
  started.push(keeping);
  return keeping;
}

const change = (count: number) => writeAndTell({ driver, producer: pipeline.producer }, actions(count));

async function expectFresh(keeping: Keeping): Promise<void> {
  await untilReached(pipeline, () => keeping.current()?.version);
  asked += await expectAsFresh((keeping.current() as KeptIndex).index.queries(), driver, random);
}

/** The same, and as the database answers itself. */
async function expectTrue(keeping: Keeping): Promise<void> {
  await expectFresh(keeping);
  asked += await expectAsDatabase((keeping.current() as KeptIndex).index.queries(), driver, random);
}

/** Asks of what the index holds until told to end. */
async function askOn(keeping: Keeping, signal: AbortSignal): Promise<number> {
  for (let count = 0; ; count++) {
    if (signal.aborted) return count;
    const kept = keeping.current();
    const at = Date.now();
    const keys = kept?.index.facts.nodes.keys ?? [];
    const key = keys[Math.floor(random() * keys.length)];
    if (kept !== undefined && key !== undefined) {
      const queries = kept.index.queries();
      await queries.dependentsOf([key], { orderBy: 'NAME' }, { first: 10, at });
      await queries.concentrationRisk({ maxHops: 2 }, { first: 10, at });
      await queries.blastRadius(key, { maxHops: 3 }, at);
    }
    // More questions would take the time of what they shall come between.
    await sleep(20);
  }
}

describe('an index that is kept', () => {
  test('follows consumers that write what is delivered in any order while it loads and is asked', async () => {
    const deliveries = shuffled(lawCorpus(folder), random);
    const consumers = pipeline.start(2);
    for (const delivery of deliveries.slice(0, 5)) await pipeline.ingest(delivery);
    const keeping = keep({ file });
    const over = new AbortController();
    const asking = askOn(keeping, over.signal);
    for (const delivery of deliveries.slice(5)) await pipeline.ingest(delivery);
    await pipeline.settle(consumers);
    await expectTrue(keeping);
    over.abort();
    expect(await asking).toBeGreaterThan(0);
    expect(keeping.said).toEqual([LOADED]);
    for (const consumer of consumers) await consumer.stop();
  }, 300_000);

  test('goes on from its saved file, and from the changes since', async () => {
    await change(1_500);
    const first = keep({ file });
    await change(500);
    await expectFresh(first);
    await first.stop();
    await change(500);
    const second = keep({ file });
    await change(100);
    await expectTrue(second);
    expect(second.said).toEqual([FROM_FILE]);
  });

  test('is not read from the file of another database', async () => {
    await change(300);
    const first = keep({ file });
    await expectFresh(first);
    await first.stop();
    await freshDatabase(driver);
    await change(300);
    const second = keep({ file });
    await expectFresh(second);
    expect(second.said).toEqual([LOADED]);
  });

  test.each([
    ['cut off', (bytes: Buffer) => truncateSync(file, Math.floor(bytes.length * random()))],
    ['cut off before its last byte', (bytes: Buffer) => truncateSync(file, bytes.length - 1)],
    ['empty', () => truncateSync(file, 0)],
    [
      'damaged',
      (bytes: Buffer) => {
        const at = Math.floor(bytes.length * random());
        bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
        writeFileSync(file, bytes);
      },
    ],
  ])('is not read from a file that is %s', async (_, spoil) => {
    await change(300);
    const first = keep({ file });
    await expectFresh(first);
    await first.stop();
    spoil(readFileSync(file));
    await change(50);
    const second = keep({ file });
    await expectFresh(second);
    // One whose first line no longer says what it is may be taken for one of another format.
    expect(second.said.filter((text) => text !== NOT_READ)).toEqual([LOADED]);
  });

  test('is made anew when the database is replaced', async () => {
    await change(500);
    const keeping = keep({ file, lookEvery: 200 });
    await expectFresh(keeping);
    const before = keeping.current()?.index;
    await freshDatabase(driver);
    await change(300);
    await expectTrue(keeping);
    expect(keeping.current()?.index).not.toBe(before);
    expect(keeping.said).toContain(ANEW);
  });

  test('is made anew once when a change cannot be read, also by whoever has a file from before it', async () => {
    await change(500);
    const first = keep({ file });
    await expectFresh(first);
    await first.stop();
    const second = keep();
    await expectFresh(second);
    const value = Buffer.from('this is no message');
    await pipeline.producer.send(CHANGE_TOPICS.dependency, [{ key: 'x', value }]);
    await until(() => second.said.includes(ANEW), 'the message is met');
    await change(200);
    await expectFresh(second);
    expect(second.said).toEqual([LOADED, ANEW, LOADED]);
    const third = keep({ file });
    await until(() => third.said.includes(ANEW), 'the message is met');
    await expectTrue(third);
    expect(third.said).toEqual([FROM_FILE, ANEW, LOADED]);
  });

  test('saves while it is asked and changed', async () => {
    await change(500);
    const keeping = keep({ file, saveEvery: 20 });
    const over = new AbortController();
    const asking = askOn(keeping, over.signal);
    for (let i = 0; i < 10; i++) await change(100);
    await expectTrue(keeping);
    over.abort();
    expect(await asking).toBeGreaterThan(0);
    expect(keeping.said).toEqual([LOADED]);
  });

  test('ends when it is told to while it loads', async () => {
    await change(500);
    for (let i = 0; i < 5; i++) {
      const keeping = keep({ file });
      await sleep(random() * 300);
      await keeping.stop();
    }
  });
});

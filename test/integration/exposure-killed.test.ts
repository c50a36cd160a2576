import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KeptIndex } from '../../src/exposure/keeper.ts';
import { declaredSources } from '../support/facts.ts';
import { buildIndexProgram, startIndexProcess } from '../support/index-process.ts';
import { startKeeping } from '../support/keeping.ts';
import { expectAsDatabase, expectAsFresh, untilReached, writeAndTell } from '../support/kept-index.ts';
import { manyActions } from '../support/many-actions.ts';
import { createPipeline } from '../support/pipeline.ts';
import { seeded } from '../support/seeded.ts';
import { testServers } from '../support/test-servers.ts';

const KILLS = 20;
/** From its start on; it soon follows and saves. */
const LONGEST_LIFE_MS = 3_000;

const seed = Number(process.env.KILLED_SEED ?? Date.now() % 1_000_000);
const random = seeded(seed);
const next = manyActions(random);
const servers = testServers();
const folder = mkdtempSync(join(tmpdir(), 'avd-killed-'));
const file = join(folder, 'index');
const pipeline = createPipeline(servers, declaredSources);
const { driver, kafka } = pipeline;

beforeAll(async () => {
  process.stderr.write(`KILLED_SEED=${seed}\n`);
  await pipeline.begin({ partitions: 3 });
});
afterAll(async () => {
  await pipeline.close();
  rmSync(folder, { recursive: true });
});

async function changeOn(signal: AbortSignal): Promise<number> {
  for (let count = 0; ; count += 30) {
    if (signal.aborted) return count;
    const actions = Array.from({ length: 30 }, () => next(Date.now()));
    await writeAndTell({ driver, producer: pipeline.producer }, actions);
    await sleep(50);
  }
}

test(`an index that is killed at ${KILLS} random moments goes on from a file that is whole`, async () => {
  const program = await buildIndexProgram();
  const over = new AbortController();
  const changing = changeOn(over.signal);
  const said: string[] = [];
  for (let i = 0; i < KILLS; i++) {
    const keeping = startIndexProcess(program, { servers, file, saveEvery: 20 });
    await sleep(random() * LONGEST_LIFE_MS);
    await keeping.kill();
    said.push(...keeping.said());
  }
  over.abort();
  const changes = await changing;
  expect(existsSync(file)).toBe(true);
  const last = startKeeping({ driver, kafka, sources: declaredSources, file });
  try {
    await untilReached(pipeline, () => last.current()?.version);
    said.push(...last.said);
    const queries = (last.current() as KeptIndex).index.queries();
    const asked = (await expectAsFresh(queries, driver, random)) + (await expectAsDatabase(queries, driver, random));
    process.stderr.write(`${changes} changes, ${asked} questions; ${JSON.stringify(counted(said))}\n`);
  } finally {
    await last.stop();
  }
  expect(last.said).toEqual(['the exposure index is read from its file']);
  expect(said).not.toContain('the saved exposure index cannot be read');
  expect(said).not.toContain('the exposure index is made anew');
}, 240_000);

function counted(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

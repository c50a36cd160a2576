import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { applyChange } from '../../../src/exposure/apply-change.ts';
import { ExposureIndex, type IndexedQueries } from '../../../src/exposure/exposure-index.ts';
import { Facts } from '../../../src/exposure/facts.ts';
import { readFacts, saveFacts } from '../../../src/exposure/saved-file.ts';
import type { Change } from '../../../src/graph/changes.ts';
import type { Service } from '../../../src/identity/service.ts';
import { type Asking, expectEqualAnswers } from '../../support/both-engines.ts';
import { changesOf } from '../../support/changes-of.ts';
import { day, declaredSources } from '../../support/facts.ts';
import { MANY_KEYS, manyActions } from '../../support/many-actions.ts';
import { seeded } from '../../support/seeded.ts';

interface History {
  readonly count: number;
  /** The clock's longest move, every `STEP` changes. */
  readonly stepMs: number;
  readonly compareEvery: number;
  /** How long ago the earliest instant is at which both are compared. */
  readonly agoMs: number;
  readonly hubSize: number;
  /** How often a question follows ten changes: a share. */
  readonly asked: number;
}

const STEP = 50;
const HOUR = 3_600_000;
const HISTORIES: readonly History[] = [
  // Hubs near what most vendors come to, so that there are many to mend, and vendors that become hubs.
  { count: 100_000, stepMs: HOUR / 1.5, compareEvery: 30_000, agoMs: 480 * HOUR, hubSize: 200, asked: 0.1 },
  // Nearly all are hubs, and much is kept of earlier instants of the day.
  { count: 6_000, stepMs: 3 * HOUR, compareEvery: 600, agoMs: 6 * HOUR, hubSize: 4, asked: 0.7 },
];

const seed = Number(process.env.MANY_SEED ?? Date.now() % 1_000_000);
const random = seeded(seed);
const oneOf = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
const rankOf = (source: string) => declaredSources.get(source)?.rank ?? Number.MAX_SAFE_INTEGER;

/** All changes, in the order they come in, each with the time at which it does. */
function history({ count, stepMs }: History): { readonly at: number; readonly changes: readonly Change[] }[] {
  const next = manyActions(random);
  const [actions, times]: [ReturnType<typeof next>[], number[]] = [[], []];
  // Some say nothing new.
  for (let now = day(100), i = 0; i < count * 1.3; i++) {
    if (i % STEP === 0) now += Math.floor(random() * stepMs);
    actions.push(next(now));
    times.push(now);
  }
  return changesOf(actions).map((changes, i) => ({ at: times[i] as number, changes }));
}

async function apply(index: ExposureIndex, changes: readonly Change[]): Promise<void> {
  await index.change(() => {
    for (const { topic, value } of changes) applyChange(index.facts, topic, value);
  });
}

/** Of the same facts, made at once. */
async function freshIndex(changes: readonly Change[], clock: () => number): Promise<ExposureIndex> {
  const index = new ExposureIndex(new Facts(rankOf), declaredSources, { clock, hubSize: 1_000_000 });
  await apply(index, changes);
  return index;
}

const askingOf = (keys: readonly string[], at: number): Asking => ({
  keys,
  at,
  service: oneOf<Service | undefined>([undefined, 'DNS', 'ANALYTICS']),
  criticalOnly: random() < 0.3,
  maxShare: oneOf([undefined, 0.1, 0.3]),
  minConfidence: oneOf([undefined, undefined, 0.5]),
  maxHops: oneOf([1, 2, 3]),
  pageSize: oneOf([20, 100]),
});

const sampled = (count: number): string[] => Array.from({ length: count }, () => oneOf(MANY_KEYS));
/** Those that most depend on, and some others. */
const prominent = (): string[] => [...MANY_KEYS.slice(0, 6), ...MANY_KEYS.slice(-40, -36), ...sampled(5)];

/** A question that makes the index keep something, or read what it keeps. */
async function askSomething(queries: IndexedQueries, at: number): Promise<void> {
  const key = oneOf(MANY_KEYS.slice(0, 20));
  const page = { first: 10, at };
  const service = oneOf<Service | undefined>([undefined, 'DNS']);
  const questions = [
    () => queries.dependentsOf([key], { service, orderBy: oneOf(['CONFIDENCE', 'NAME', 'LAST_SEEN']) }, page),
    () => queries.dependentTotalsOf([key], { service, criticalOnly: true }, at),
    () => queries.vendors({ service }, page),
    () => queries.concentrationRisk({ service, maxHops: 2 }, page),
    () => queries.blastRadius(key, { maxHops: 2, maxShare: 0.2 }, at),
  ];
  await oneOf(questions)();
}

test.each(HISTORIES)(
  '$count changes, with questions in between, give the index that a fresh one would be',
  async (told) => {
    process.stderr.write(`MANY_SEED=${seed}\n`);
    const { count, compareEvery, agoMs, hubSize, asked: share } = told;
    let now = 0;
    const clock = () => now;
    // The same again and again, so that what is kept of it has to be right.
    const earlier = () => Math.floor((now - random() * agoMs) / (2 * HOUR)) * 2 * HOUR;
    const steps = history(told);
    now = steps[0]?.at ?? 0;
    const live = new ExposureIndex(new Facts(rankOf), declaredSources, { clock, hubSize });
    const queries = live.queries();
    const applied: Change[] = [];
    let [asked, compared] = [0, compareEvery];
    for (let i = 0; applied.length < count; i += 10) {
      const part = steps.slice(i, i + 10);
      expect(part.length).toBeGreaterThan(0);
      const changes = part.flatMap((step) => step.changes);
      await apply(live, changes);
      applied.push(...changes);
      now = part.at(-1)?.at ?? now;
      if (random() < share) await askSomething(queries, oneOf([now, earlier()]));
      if (applied.length < compared) continue;
      compared += compareEvery;
      const fresh = (await freshIndex(applied, clock)).queries();
      for (const at of [now, earlier()]) asked += await expectEqualAnswers(queries, fresh, askingOf(prominent(), at));
    }
    const fresh = (await freshIndex(applied, clock)).queries();
    for (const keys of [prominent(), MANY_KEYS.filter((_, i) => i % 8 === 0)])
      asked += await expectEqualAnswers(queries, fresh, askingOf(keys, now));
    asked += await expectEqualAnswers(await reread(live.facts, clock), fresh, askingOf(prominent(), now));
    process.stderr.write(`${applied.length} changes, ${live.facts.uses.count} claims, ${asked} questions compared\n`);
  },
  300_000,
);

/** What comes of the facts when they are saved and read again. */
async function reread(facts: Facts, clock: () => number): Promise<IndexedQueries> {
  const folder = mkdtempSync(join(tmpdir(), 'avd-many-'));
  try {
    const file = join(folder, 'index');
    await saveFacts(file, facts, { graph: 'one', positions: [['topic/0', 7]] });
    const saved = await readFacts(file, rankOf);
    expect(saved?.state).toEqual({ graph: 'one', positions: [['topic/0', 7]] });
    return new ExposureIndex(saved?.facts as Facts, declaredSources, { clock }).queries();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

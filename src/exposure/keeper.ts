import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import { tenantsOf } from '../governance/sources.ts';
import type { Driver } from '../graph/driver.ts';
import { logEnds } from '../stream/kafka.ts';
import { positionKey } from '../stream/positions.ts';
import { pauseAfter } from '../stream/retry.ts';
import { applyChange } from './apply-change.ts';
import { begin, type FactsFrom, identityOf, keyOf } from './beginning.ts';
import { ExposureIndex } from './exposure-index.ts';
import type { Facts } from './facts.ts';
import type { ChangeSlice, Follow } from './following.ts';
import { settleDoubts } from './load.ts';
import { saveFacts } from './saved-file.ts';
import { createSaver } from './saver.ts';
import { exposureTopics, toVersion } from './version.ts';

export interface KeeperOptions extends FactsFrom {
  /** How the changes are read. */
  readonly follow: Follow;
  /** How often the facts are saved, in ms. */
  readonly saveEvery?: number;
  /** How often it is looked whether the database is still the same, in ms. */
  readonly lookEvery?: number;
  /** Told when the index can be asked, when it reflects more, and when it can't be trusted any longer (undefined). */
  readonly publish: (index: KeptIndex | undefined) => void;
}

export interface KeptIndex {
  readonly index: ExposureIndex;
  readonly version: string;
  /** What each tenant with sources of its own is told in its place. */
  readonly versions: Readonly<Record<string, string>>;
}

/** How long changes are applied between two questions; mending what they touch takes about as long again. */
const APPLIED_FOR_MS = 0.05;
const LOOK_AT_GRAPH_EVERY_MS = 15_000;
const SAVE_EVERY_MS = 600_000;

/** Why an index is given up: another is made. */
class Distrust extends Error {}

/**
 * Keeps an index equal to the database until `signal` aborts: loads it, from its saved file where that can be trusted,
 * follows the changes, and makes a new one when it can't be trusted any longer.
 */
export async function keepIndex(options: KeeperOptions, signal: AbortSignal): Promise<void> {
  const { logger } = options;
  for (let failures = 1, isFresh = false; !signal.aborted; failures++) {
    try {
      await keepOne(options, signal, isFresh);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn({ reason }, 'the exposure index is made anew');
      // Whatever is wrong with it, the saved file may have it too.
      isFresh ||= error instanceof Distrust;
      await pauseAfter(failures, signal);
    }
  }
}

async function keepOne(options: KeeperOptions, signal: AbortSignal, isFresh: boolean): Promise<void> {
  const { kafka, sources, follow, publish, file } = options;
  const { facts, positions, graph } = await begin(options, isFresh);
  const index = new ExposureIndex(facts, sources);
  const tenants = tenantsOf(sources);
  await index.warm();
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const topics = exposureTopics(sources);
  const ends = new Map((await logEnds(kafka, topics)).map((e) => [keyOf(e), e.end]));
  // Who aborts from here on is heard by the listener below.
  if (signal.aborted) return;
  let isCaughtUp = false;
  const tell = () => {
    const version = toVersion(graph, positions);
    isCaughtUp ||= [...ends].every(([key, end]) => (positions.get(key) ?? 0) >= end);
    const versions = Object.fromEntries(tenants.map((tenant) => [tenant, toVersion(graph, positions, tenant)]));
    if (isCaughtUp && !until.aborted) publish({ index, version, versions });
  };
  const handle = async (slices: readonly ChangeSlice[]): Promise<void> => {
    await applySlices(index, slices);
    await settle(options.driver, index);
    for (const { topic, partition, next } of slices) positions.set(positionKey(topic, partition), next);
    tell();
  };
  tell();
  const { save, idle } = createSaver(async () => {
    if (file === undefined) return;
    await index.whileUnchanged(async () => {
      // A doubt would not be noticed again by whoever reads the file.
      if (facts.doubtful.size === 0) await saveFacts(file, facts, { graph, positions: [...positions] });
    });
  });
  const following = follow({ topics, positions, handle }, until).catch(distrusting);
  try {
    await Promise.race([following, watchGraph(options, graph, until), saveRegularly(save, options, until)]);
    if (signal.aborted) await save();
  } catch (error) {
    // At once, whatever takes how long to end.
    publish(undefined);
    throw error;
  } finally {
    over.abort();
    await following.catch(() => undefined);
    await idle();
  }
}

async function applySlices(index: ExposureIndex, slices: readonly ChangeSlice[]): Promise<void> {
  const changes = slices.flatMap(({ topic, values }) =>
    values.map((value) => () => applyValue(index.facts, topic, value)),
  );
  for (let next = 0; next < changes.length; ) {
    await index.change(() => {
      const end = performance.now() + APPLIED_FOR_MS;
      do changes[next++]?.();
      while (next < changes.length && performance.now() < end);
    });
  }
}

function applyValue(facts: Facts, topic: string, value: Uint8Array | null): void {
  if (value === null) return;
  try {
    applyChange(facts, topic, value);
  } catch (error) {
    throw new Distrust('a change cannot be read', { cause: error });
  }
}

async function settle(driver: Driver, index: ExposureIndex): Promise<void> {
  const { doubtful } = index.facts;
  if (doubtful.size === 0) return;
  const subjects = [...doubtful];
  await index.change(await settleDoubts(driver, index.facts, subjects));
  // Only now: where the database was away, the slice comes again, but the doubt does not.
  for (const subject of subjects) doubtful.delete(subject);
}

function distrusting(error: unknown): never {
  throw error instanceof AppError && error.retryable ? error : new Distrust(String(error), { cause: error });
}

/** Another database in the place of the one that was loaded tells of nothing: only a look shows it. */
async function watchGraph(
  { driver, lookEvery = LOOK_AT_GRAPH_EVERY_MS }: KeeperOptions,
  graph: string,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(lookEvery, undefined, { signal }).catch(() => undefined);
    const now = await identityOf(driver).catch(() => graph);
    if (now !== graph) throw new Distrust('the database was replaced');
  }
}

async function saveRegularly(
  save: () => Promise<void>,
  { logger, saveEvery = SAVE_EVERY_MS }: KeeperOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(saveEvery, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    await save().catch((error: unknown) => logger.warn({ reason: String(error) }, 'the exposure index was not saved'));
  }
}

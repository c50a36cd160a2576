import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { Sources } from '../governance/sources.ts';
import type { Driver } from '../graph/driver.ts';
import { inSession } from '../graph/offsets.ts';
import { run } from '../graph/statement.ts';
import { graphId } from '../graph/statements/offset.ts';
import type { Logger } from '../logger.ts';
import { createStreamConsumer } from '../stream/consumer.ts';
import { type Kafka, type LogEnd, logEnds, withAdmin } from '../stream/kafka.ts';
import { positionKey } from '../stream/positions.ts';
import { pauseAfter } from '../stream/retry.ts';
import type { StreamSlice } from '../stream/slices.ts';
import { applyChange } from './apply-change.ts';
import { ExposureIndex } from './exposure-index.ts';
import type { Facts } from './facts.ts';
import { loadFacts, settleDoubts } from './load.ts';
import { readFacts, saveFacts } from './saved-file.ts';
import { EXPOSURE_TOPICS, includes, toVersion } from './version.ts';

export interface KeeperOptions {
  readonly driver: Driver;
  readonly kafka: Kafka;
  readonly sources: Sources;
  readonly logger: Logger;
  /** Where the facts are saved between two runs; absent: nowhere. */
  readonly file?: string | undefined;
  /** Told when the index can be asked, when it reflects more, and when it can't be trusted any longer (undefined). */
  readonly publish: (index: KeptIndex | undefined) => void;
}

export interface KeptIndex {
  readonly index: ExposureIndex;
  readonly version: string;
}

/** Changes applied between two questions, at most: some milliseconds. */
const APPLIED_AT_ONCE = 500;
const LOOK_AT_GRAPH_EVERY_MS = 15_000;
const SAVE_EVERY_MS = 600_000;

/** Why an index is given up: another is made. */
class Distrust extends Error {}

/**
 * Keeps an index equal to the database until `signal` aborts: loads it, from its saved file where that can be trusted,
 * follows the changes, and makes a new one when it can't be trusted any longer.
 */
export async function keepIndex(options: KeeperOptions, signal: AbortSignal): Promise<void> {
  const { logger, publish } = options;
  for (let failures = 1, isFresh = false; !signal.aborted; failures++) {
    try {
      await keepOne(options, signal, isFresh);
    } catch (error) {
      publish(undefined);
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn({ reason }, 'the exposure index is made anew');
      // Whatever is wrong with it, the saved file may have it too.
      isFresh ||= error instanceof Distrust;
      await pauseAfter(failures, signal);
    }
  }
}

async function keepOne(options: KeeperOptions, signal: AbortSignal, isFresh: boolean): Promise<void> {
  const { kafka, sources, logger, publish, file } = options;
  const { facts, positions, graph } = await begin(options, isFresh);
  const index = new ExposureIndex(facts, sources);
  await index.warm();
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const goal = toVersion(graph, new Map((await logEnds(kafka, EXPOSURE_TOPICS)).map((e) => [keyOf(e), e.end])));
  let isCaughtUp = false;
  const tell = () => {
    const version = toVersion(graph, positions);
    isCaughtUp ||= includes(version, goal);
    if (isCaughtUp) publish({ index, version });
  };
  const group = `avd.exposure.${randomUUID()}`;
  const consumer = createStreamConsumer({
    kafka,
    group,
    topics: EXPOSURE_TOPICS,
    logger,
    concurrency: 1,
    store: { read: async (_, topic, partition) => at(positions, topic, partition) },
    handle: async (slice) => {
      await applySlice(index, slice);
      positions.set(positionKey(slice.topic, slice.partition), slice.next);
      await settle(options.driver, index);
      tell();
    },
  });
  until.addEventListener('abort', () => consumer.stop());
  tell();
  const save = async () => {
    if (file === undefined) return;
    await index.whileUnchanged(() => saveFacts(file, facts, { graph, positions: [...positions] }));
  };
  try {
    await Promise.race([
      consumer.run().catch(distrusting),
      watchGraph(options.driver, graph, until),
      saveRegularly(save, logger, until),
    ]);
    if (signal.aborted) await save();
  } finally {
    over.abort();
    await withAdmin(kafka, (admin) => admin.deleteGroups([group])).catch(() => undefined);
  }
}

interface Beginning {
  readonly facts: Facts;
  readonly positions: Map<string, number>;
  readonly graph: string;
}

/** The saved facts where they are of this database and the changes since are still there, else those of the database. */
async function begin({ driver, kafka, sources, logger, file }: KeeperOptions, isFresh: boolean): Promise<Beginning> {
  const rankOf = (source: string): number => sources.get(source)?.rank ?? Number.MAX_SAFE_INTEGER;
  const graph = await identityOf(driver);
  const ends = await logEnds(kafka, EXPOSURE_TOPICS);
  const begun = performance.now();
  const saved = file === undefined || isFresh ? undefined : await readSaved(file, rankOf, logger);
  if (saved !== undefined && saved.state.graph === graph) {
    const held = new Map(saved.state.positions);
    // A partition that was added since is read from its start.
    const positions = new Map(ends.map((e) => [keyOf(e), held.get(keyOf(e)) ?? e.start]));
    if (ends.every((e) => isInside(e, positions.get(keyOf(e))))) {
      logger.info(
        { claims: saved.facts.uses.count, ms: Math.round(performance.now() - begun) },
        'the exposure index is read from its file',
      );
      return { facts: saved.facts, positions, graph };
    }
  }
  const positions = new Map(ends.map((e) => [keyOf(e), e.end]));
  const facts = await loadFacts(driver, rankOf);
  logger.info(
    { claims: facts.uses.count, ms: Math.round(performance.now() - begun) },
    'the exposure index is loaded from the graph',
  );
  return { facts, positions, graph };
}

const keyOf = ({ topic, partition }: LogEnd): string => positionKey(topic, partition);
const isInside = ({ start, end }: LogEnd, next = -1): boolean => next >= start && next <= end;

async function readSaved(file: string, rankOf: (source: string) => number, logger: Logger) {
  try {
    return await readFacts(file, rankOf);
  } catch (error) {
    logger.warn({ file, reason: String(error) }, 'the saved exposure index cannot be read');
    return undefined;
  }
}

async function applySlice(index: ExposureIndex, { topic, records }: StreamSlice): Promise<void> {
  for (let from = 0; from < records.length; from += APPLIED_AT_ONCE) {
    await index.change(() => {
      for (const { value } of records.slice(from, from + APPLIED_AT_ONCE)) {
        if (value === null) continue;
        try {
          applyChange(index.facts, topic, value);
        } catch (error) {
          throw new Distrust('a change cannot be read', { cause: error });
        }
      }
    });
  }
}

async function settle(driver: Driver, index: ExposureIndex): Promise<void> {
  const { doubtful } = index.facts;
  if (doubtful.size === 0) return;
  const subjects = [...doubtful];
  doubtful.clear();
  await index.change(await settleDoubts(driver, index.facts, subjects));
}

function at(positions: ReadonlyMap<string, number>, topic: string, partition: number): { next: number } | undefined {
  const next = positions.get(positionKey(topic, partition));
  return next === undefined ? undefined : { next };
}

function distrusting(error: unknown): never {
  throw error instanceof AppError && error.retryable ? error : new Distrust(String(error), { cause: error });
}

const identityOf = async (driver: Driver): Promise<string> =>
  (await inSession(driver, 'READ', (tx) => run(tx, graphId, {})))[0]?.graph ?? '';

/** Another database in the place of the one that was loaded tells of nothing: only a look shows it. */
async function watchGraph(driver: Driver, graph: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(LOOK_AT_GRAPH_EVERY_MS, undefined, { signal }).catch(() => undefined);
    const now = await identityOf(driver).catch(() => graph);
    if (now !== graph) throw new Distrust('the database was replaced');
  }
}

async function saveRegularly(save: () => Promise<void>, logger: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(SAVE_EVERY_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    await save().catch((error: unknown) => logger.warn({ reason: String(error) }, 'the exposure index was not saved'));
  }
}

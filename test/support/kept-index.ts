import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { ExposureIndex, type IndexedQueries } from '../../src/exposure/exposure-index.ts';
import type { Facts } from '../../src/exposure/facts.ts';
import { loadFacts } from '../../src/exposure/load.ts';
import { EXPOSURE_TOPICS, includes, toVersion } from '../../src/exposure/version.ts';
import type { GraphAction } from '../../src/graph/actions.ts';
import type { Driver } from '../../src/graph/driver.ts';
import { inSession } from '../../src/graph/offsets.ts';
import { createOutbox } from '../../src/graph/outbox.ts';
import { run } from '../../src/graph/statement.ts';
import { graphId } from '../../src/graph/statements/offset.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import { createChangeRelay } from '../../src/stream/change-relay.ts';
import { type Kafka, logEnds } from '../../src/stream/kafka.ts';
import { positionKey } from '../../src/stream/positions.ts';
import type { StreamProducer } from '../../src/stream/producer.ts';
import { type Asking, expectEqualAnswers } from './both-engines.ts';
import { declaredSources, writeFacts } from './facts.ts';

const rankOf = (source: string) => declaredSources.get(source)?.rank ?? Number.MAX_SAFE_INTEGER;

/** Writes facts as the consumers would, and publishes what has changed. */
export async function writeAndTell(
  { driver, producer }: { readonly driver: Driver; readonly producer: StreamProducer },
  actions: readonly GraphAction[],
): Promise<void> {
  await writeFacts(driver, actions);
  const relay = createChangeRelay(createOutbox(driver), producer, pino({ level: 'silent' }));
  await relay.drain(new AbortController().signal);
}

/** The version of an index that reflects everything that was published until now. */
export async function newestVersion(driver: Driver, kafka: Kafka): Promise<string> {
  const [row] = await inSession(driver, 'READ', (tx) => run(tx, graphId, {}));
  const ends = await logEnds(kafka, EXPOSURE_TOPICS);
  return toVersion(row?.graph ?? '', new Map(ends.map((e) => [positionKey(e.topic, e.partition), e.end])));
}

/** Waits until the outbox is empty and the version reflects all that came of it. */
export async function untilReached(
  { driver, kafka }: { readonly driver: Driver; readonly kafka: Kafka },
  version: () => string | undefined,
  timeoutMs = 60_000,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  const outbox = createOutbox(driver);
  while ((await outbox.take(1)).length > 0) {
    if (Date.now() > end) throw new Error('the changes are not published');
    await sleep(50);
  }
  const wanted = await newestVersion(driver, kafka);
  for (;;) {
    const held = version();
    if (held !== undefined && includes(held, wanted)) return;
    if (Date.now() > end) throw new Error(`the index is at ${held}, not at ${wanted}`);
    await sleep(20);
  }
}

/** Polls until it is so. */
export async function until(isSo: () => boolean, what: string, timeoutMs = 60_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !isSo(); ) {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(10);
  }
}

/**
 * Fails unless these answers are those of an index that is loaded now.
 * @returns how many questions were compared
 */
export async function expectAsFresh(queries: IndexedQueries, driver: Driver, random: () => number): Promise<number> {
  const facts = await loadFacts(driver, rankOf);
  const fresh = new ExposureIndex(facts, declaredSources, { hubSize: 1_000_000 });
  return expectEqualAnswers(queries, fresh.queries(), asking(someKeys(facts, 15, 30, random), 40, random));
}

/**
 * Fails unless these answers are those of the database, which takes its time for each.
 * @returns how many questions were compared
 */
export async function expectAsDatabase(queries: IndexedQueries, driver: Driver, random: () => number): Promise<number> {
  const facts = await loadFacts(driver, rankOf);
  const database = createNeo4jQueries({ driver, sources: declaredSources, timeout: 100_000 });
  return expectEqualAnswers(queries, database, asking(someKeys(facts, 2, 2, random), 1_000, random));
}

/** Those on which most depend, and some others. */
function someKeys({ nodes, uses }: Facts, most: number, others: number, random: () => number): string[] {
  const claims = (node: number) => uses.byObject.count(node);
  const sorted = Array.from({ length: nodes.count }, (_, node) => node).sort((a, b) => claims(b) - claims(a));
  const some = Array.from({ length: others }, () => sorted[Math.floor(random() * sorted.length)] ?? 0);
  return [...new Set([...sorted.slice(0, most), ...some])].map((node) => nodes.key(node));
}

const asking = (keys: readonly string[], pageSize: number, random: () => number): Asking => ({
  keys,
  at: Date.now(),
  service: random() < 0.5 ? undefined : 'DNS',
  criticalOnly: random() < 0.3,
  maxShare: random() < 0.5 ? undefined : 0.2,
  minConfidence: undefined,
  maxHops: 3,
  pageSize,
});

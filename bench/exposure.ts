import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { createExposureIndexClient, type ExposureIndexClient } from '../src/exposure/client.ts';
import type { Facts } from '../src/exposure/facts.ts';
import { Present } from '../src/exposure/present.ts';
import { readFacts } from '../src/exposure/saved-file.ts';
import { createTrust } from '../src/exposure/trust.ts';
import { loadSources, type Sources } from '../src/governance/sources.ts';
import { checkGraph } from '../src/graph/check.ts';
import { type Driver, openDriver } from '../src/graph/driver.ts';
import { migrate } from '../src/graph/migrate.ts';
import { startKafka } from '../src/local/kafka.ts';
import { startNeo4j } from '../src/local/neo4j.ts';
import { freePorts } from '../src/local/ports.ts';
import { loadServerSettings } from '../src/local/settings.ts';
import { createLogger } from '../src/logger.ts';
import { publishedVersions } from '../src/main/graph-version.ts';
import { loadGovernedSources } from '../src/main/knowledge.ts';
import { inProgram } from '../src/program.ts';
import { createNeo4jQueries } from '../src/queries/neo4j.ts';
import { createKafka, ensureTopics, type Kafka, withAdmin } from '../src/stream/kafka.ts';
import { type Latency, runClients } from './clients.ts';
import { type BareEdges, bareEdges, bareSearch } from './exposure-bare.ts';
import { startPublisher } from './exposure-changes.ts';
import { type BenchGraph, benchGraph, DAY } from './exposure-graph.ts';
import { importGraph } from './exposure-import.ts';
import { type BenchQuestion, benchQuestions } from './exposure-questions.ts';

/**
 * The exposure index on a thread of its own, beside the same questions by Cypher and beside bare searches, over a graph
 * of many organizations; at rest, and while changes come in.
 */
const SECONDS = 2;
/** For each question of a graph that is only for trying. */
const TRY_SECONDS = 0.3;
/** Answers that Cypher takes longer for are cut off. */
const CUT_AT_MS = 120_000;
/** What Cypher takes longer for is asked once. */
const LONG_MS = 3_000;
const CHANGES_PER_SECOND = 2_000;
/** What publishes, passes on and applies changes is slow at first, as whatever has just begun. */
const WARMING_MS = 5_000;
/** A topic that nothing reads. */
const NOT_FOLLOWED = 'bench.not-followed';
/** Graphs up to this size are checked as `avd graph check` does. */
const CHECKED = 100_000;

interface Bench {
  readonly graph: BenchGraph;
  readonly driver: Driver;
  readonly kafka: Kafka;
  readonly brokers: readonly string[];
  readonly sources: Sources;
  readonly file: string;
  readonly startClient: () => ExposureIndexClient;
  /** How long each question is asked, by each number of clients. */
  readonly seconds: number;
}

export async function benchExposure(organizations: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'avd-bench-'));
  const graph = benchGraph(organizations, Math.floor(Date.now() / DAY) * DAY);
  const home = join(folder, 'neo4j');
  const imported = await timed(() => importGraph(home, graph));
  say(`${imported.value.claims} claims of about ${organizations} organizations were imported in ${imported.text}`);
  const [neo4jPort = 0, kafkaPort = 0, controllerPort = 0] = await freePorts(3);
  // The reference gets memory for searches over the whole graph.
  const memory = { NEO4J_HEAP: '3g', NEO4J_PAGE_CACHE: '3g', NEO4J_TRANSACTIONS_MEMORY: '2500m' };
  const settings = { ...loadServerSettings(), ...memory, NEO4J_TRANSACTION_MEMORY: '2500m' };
  const neo4j = await startNeo4j({ home, port: neo4jPort, password: 'only-for-benchmarks', settings });
  const broker = await startKafka({ home: join(folder, 'kafka'), port: kafkaPort, controllerPort });
  const driver = openDriver(neo4j);
  try {
    await migrate(driver, inProgram('migrations'));
    await driver.executeQuery('CALL db.awaitIndexes(3600)');
    const kafka = createKafka(broker.brokers);
    await ensureTopics(kafka, { partitions: 4 });
    const { sources } = await loadSources(inProgram('governance/sources.yaml'));
    const file = join(folder, 'exposure-index');
    const { uri, username, password } = neo4j;
    const address = { uri, username, password };
    const worker = {
      neo4j: address,
      kafkaBrokers: broker.brokers,
      sources: inProgram('governance/sources.yaml'),
      file,
    };
    const startClient = () => createExposureIndexClient({ ...worker, logLevel: 'info' }, createLogger('info', 'bench'));
    const seconds = graph.domains < CHECKED ? TRY_SECONDS : SECONDS;
    await measure({ graph, driver, kafka, brokers: broker.brokers, sources, file, startClient, seconds });
  } finally {
    await driver.close();
    await broker.stop();
    await neo4j.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(bench: Bench): Promise<void> {
  const { graph, driver, sources, file, startClient } = bench;
  if (graph.domains < CHECKED) {
    const { problems } = await checkGraph(driver, rankBy(sources));
    say(`graph check: ${problems.length} problems ${problems.slice(0, 3).join('; ')}`);
  }
  const first = await timed(() => ready(startClient()));
  say(`from Neo4j until it can be asked: ${first.text}`);
  const stopped = await timed(() => first.value.stop());
  say(`stopped and saved in ${stopped.text}: ${(statSync(file).size / 1e6).toFixed(0)} MB`);
  const bare = await weigh(file, sources);
  const before = process.memoryUsage.rss();
  const second = await timed(() => ready(startClient()));
  const index = second.value;
  say(`from its saved file until it can be asked: ${second.text} (target 15 s)`);
  say(`its thread adds ${((process.memoryUsage.rss() - before) / 1e6).toFixed(0)} MB to the process`);
  try {
    // Both engines are asked about one instant.
    const at = Date.now();
    const questions = await benchQuestions(graph, () => at, index.queries());
    for (const question of questions) await compare(bench, index, bare, question);
    // A bench goes on past midnight, and an instant of yesterday is answered more slowly.
    await whileChanging(bench, index, await benchQuestions(graph, Date.now, index.queries()));
  } finally {
    await index.stop();
  }
}

const rankBy =
  (sources: Sources) =>
  (source: string): number =>
    sources.get(source)?.rank ?? Number.MAX_SAFE_INTEGER;

async function ready(client: ExposureIndexClient): Promise<ExposureIndexClient> {
  await client.ready;
  return client;
}

interface Bare {
  readonly all: BareEdges;
  readonly critical: BareEdges;
  /** Number of the organization with this key. */
  find(key: string): number;
}

/** What the facts take in memory, and the bare edges that follow from them. */
async function weigh(file: string, sources: Sources): Promise<Bare> {
  globalThis.gc?.();
  const before = process.memoryUsage();
  const saved = await readFacts(file, rankBy(sources));
  if (saved === undefined) throw new Error('The index saved no file.');
  const { facts } = saved;
  globalThis.gc?.();
  const after = process.memoryUsage();
  const claims = facts.uses.count;
  const mega = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
  say(
    `${claims} claims: ${(facts.uses.bytes / claims).toFixed(1)} bytes each in arrays, with owners, merges and complete`,
  );
  say(`answers ${(facts.bytes / claims).toFixed(1)} (target 48), and a byte for what each is at present`);
  say(
    `of facts alone: arrays ${mega(after.arrayBuffers - before.arrayBuffers)}, heap ${mega(after.heapUsed - before.heapUsed)}`,
  );
  return bareOf(facts, sources);
}

function bareOf(facts: Facts, sources: Sources): Bare {
  const present = new Present(facts, createTrust(facts, sources), Date.now(), { hubSize: Number.POSITIVE_INFINITY });
  for (let node = 0; node < facts.nodes.count; node++) present.view.judge(node);
  const [all, critical] = [bareEdges(present.view, false), bareEdges(present.view, true)];
  say(`${all.dependents.length} edges between organizations, ${critical.dependents.length} of them critical`);
  const numbers = new Map<string, number>();
  const find = (key: string): number => numbers.get(key) ?? -1;
  for (const key of facts.nodes.keys) numbers.set(key, facts.nodes.find(key) ?? -1);
  return { all, critical, find };
}

async function compare(
  { driver, sources, seconds }: Bench,
  client: ExposureIndexClient,
  bare: Bare,
  question: BenchQuestion,
): Promise<void> {
  const index = client.queries();
  const answer = await question.ask(index, 0);
  const one = await runClients({ clients: 1, seconds, most: 2_000 }, (n) => question.ask(index, n));
  const eight = await runClients({ clients: 8, seconds, most: 8_000 }, (n) => question.ask(index, n));
  const parts = [`${question.name}: index ${text(one)}, 8 clients ${text(eight)}`];
  const database = createNeo4jQueries({ driver, sources, timeout: CUT_AT_MS });
  try {
    parts.push(...(await besideNeo4j((n) => question.ask(database, n), answer, one, seconds)));
  } catch (error) {
    const atLeast = (CUT_AT_MS / one.p50).toFixed(0);
    parts.push(`Neo4j gave none within ${CUT_AT_MS / 1_000} s (${String(error)}): more than ${atLeast} × as fast`);
  }
  if (question.search !== undefined) parts.push(await beside(bare, question.search, one, seconds));
  if (question.isOneHop === true && Math.max(one.p99, eight.p99) > 20) parts.push('ABOVE 20 ms');
  say(parts.join('; '));
}

/** What Cypher answers within its bounds, and how long that takes; what takes long is asked once. */
async function besideNeo4j(
  ask: (n: number) => Promise<unknown>,
  answer: unknown,
  index: Latency,
  seconds: number,
): Promise<string[]> {
  const begin = performance.now();
  const given = await ask(0);
  const first = performance.now() - begin;
  const bound = (given as { readonly bound?: string } | undefined)?.bound;
  const same = isDeepStrictEqual(given, answer) ? 'equal to' : 'NOT EQUAL TO';
  const compared = bound === undefined ? same : `Neo4j's answer was cut (${bound}):`;
  if (first > LONG_MS)
    return [`${compared} Neo4j ${first.toFixed(0)} ms, once`, `${(first / index.p50).toFixed(0)} × as fast`];
  const load = { clients: 1, seconds: 2 * seconds, most: 200 };
  const slow = await runClients(load, ask);
  const eight = slow.p50 < 1_000 ? [`8 clients ${text(await runClients({ ...load, clients: 8 }, ask))}`] : [];
  return [`${compared} Neo4j ${text(slow)}`, ...eight, `${(slow.p50 / index.p50).toFixed(0)} × as fast`];
}

async function beside(
  bare: Bare,
  { vendor, criticalOnly }: NonNullable<BenchQuestion['search']>,
  index: Latency,
  seconds: number,
): Promise<string> {
  const [edges, from] = [criticalOnly ? bare.critical : bare.all, bare.find(vendor)];
  const search = await runClients({ clients: 1, seconds, most: 500 }, async () => bareSearch(edges, from, 3));
  return `bare search ${text(search)} finds ${bareSearch(edges, from, 3)}: ${(index.p50 / search.p50).toFixed(2)} × its time`;
}

/**
 * All questions again with one client: at rest, while changes are published that are not the index's, which keeps the
 * machine as busy, and while changes are applied.
 */
async function whileChanging(
  { graph, driver, kafka, brokers, seconds }: Bench,
  client: ExposureIndexClient,
  questions: readonly BenchQuestion[],
): Promise<void> {
  const index = client.queries();
  const askAll = async (): Promise<Latency[]> => {
    const latencies: Latency[] = [];
    for (const { ask } of questions)
      latencies.push(await runClients({ clients: 1, seconds, most: Number.POSITIVE_INFINITY }, (n) => ask(index, n)));
    return latencies;
  };
  const quiet = await askAll();
  await withAdmin(kafka, (admin) =>
    admin.createTopics({ topics: [{ topic: NOT_FOLLOWED, numPartitions: 4 }], waitForLeaders: true }),
  );
  const load = { brokers, graph, perSecond: CHANGES_PER_SECOND };
  const besides = startPublisher({ ...load, topic: NOT_FOLLOWED });
  await sleep(WARMING_MS);
  const busy = await askAll();
  await besides.stop();
  const publisher = startPublisher(load);
  await sleep(WARMING_MS);
  const changing = await askAll();
  const rate = await publisher.stop();
  for (const [i, { name }] of questions.entries()) {
    const [calm, beside, now] = [quiet[i], busy[i], changing[i]];
    if (calm === undefined || beside === undefined || now === undefined) continue;
    const times = ({ p99 }: Latency): string => `p99 ${(now.p99 / p99).toFixed(1)} ×`;
    say(`${name}, while changing: ${text(now)}; quiet: ${text(calm)}, ${times(calm)} (target 2)`);
    say(`  as busy a machine, but nothing to apply: ${text(beside)}, ${times(beside)}`);
  }
  const { graphVersion: version } = await publishedVersions(driver, kafka, await loadGovernedSources());
  const behind = await timed(() => client.waitFor(version, AbortSignal.timeout(60_000)));
  say(`${rate.toFixed(0)} changes/s were published; the index had them all ${behind.text} after the last`);
}

const text = ({ p50, p99, count, rate }: Latency): string =>
  `p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} ms (${count}, ${rate.toFixed(0)}/s)`;

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; text: string }> {
  const begin = performance.now();
  const value = await work();
  return { value, text: `${((performance.now() - begin) / 1_000).toFixed(1)} s` };
}

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

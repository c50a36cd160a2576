import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { LONGEST_LIFE } from '../src/api/answer-cache.ts';
import { createOffsetStore } from '../src/graph/offsets.ts';
import { publishedVersions, waitUntilPublished } from '../src/main/graph-version.ts';
import { loadGovernedSources } from '../src/main/knowledge.ts';
import { waitUntilApplied } from '../src/main/stream-status.ts';
import { type Api, type BenchServers, startServers } from './servers.ts';
import { codesOf, isFault, post, runClients, type Tally } from './soak-clients.ts';
import { randomQuestion } from './soak-questions.ts';
import { sendDocuments } from './soak-stream.ts';

/**
 * Many clients ask a running API whatever there is to ask, while documents are ingested and the consumer is killed. Every
 * half minute the ingest pauses; when the index has come to what was written, its answers are compared with those of a
 * second API that asks the database alone.
 */
const CLIENTS = 200;
const FIRST_DOCUMENTS = 20_000;
const DOCUMENTS_A_SECOND = 100;
const INGEST_MS = 30_000;
const COMPARED = 200;
const AT_ONCE = 4;
const REACHED_WITHIN_MS = 120_000;

interface Comparison {
  compared: number;
  /** Of these, those that are errors on both sides. */
  refused: number;
  wrong: number;
}

export async function benchSoak({ minutes }: { readonly minutes: number }): Promise<void> {
  const servers = await startServers();
  try {
    let consumer = servers.startConsumer();
    await sendDocuments(servers.producer, FIRST_DOCUMENTS);
    await applied(servers);
    const [api, reference] = [await servers.startApi('index'), await servers.startApi('neo4j')];
    await reached(servers, api);
    const tally: Tally = { asked: 0, milliseconds: [], errors: new Map() };
    const total: Comparison = { compared: 0, refused: 0, wrong: 0 };
    const over = new AbortController();
    const clients = runClients(api.port, CLIENTS, tally, over.signal);
    const begun = Date.now();
    await sample(api, 0);
    const rounds = Math.max(2, Math.round((minutes * 60_000) / INGEST_MS));
    for (let round = 1; round <= rounds; round++) {
      const isKilled = round === Math.ceil(rounds / 3) || round === Math.ceil((2 * rounds) / 3);
      const ingesting = ingest(servers);
      if (isKilled) {
        await sleep(INGEST_MS / 3);
        consumer.kill('SIGKILL');
        await sleep(2_000);
        consumer = servers.startConsumer();
      }
      await ingesting;
      await applied(servers);
      await reached(servers, api);
      // Until then an answer may be given again that has read names or evidence before they were all there.
      await sleep(LONGEST_LIFE);
      const { compared, refused, wrong } = await compare(api, reference);
      total.compared += compared;
      total.refused += refused;
      total.wrong += wrong;
      await sample(
        api,
        Date.now() - begun,
        `${compared} compared, ${wrong} wrong${isKilled ? ', consumer killed' : ''}`,
      );
    }
    over.abort();
    await clients;
    report(tally, total, (Date.now() - begun) / 1_000);
  } finally {
    await servers.stop();
  }
}

async function ingest({ producer }: BenchServers): Promise<void> {
  for (const end = Date.now() + INGEST_MS; Date.now() < end; ) {
    const second = sleep(1_000);
    await sendDocuments(producer, DOCUMENTS_A_SECOND);
    await second;
  }
}

/** Waits until all that was produced is in the graph, and all that came of it is published. */
async function applied({ driver, kafka }: BenchServers): Promise<void> {
  await waitUntilApplied({ kafka, offsets: createOffsetStore(driver) }, { timeoutMs: REACHED_WITHIN_MS });
  await waitUntilPublished(driver);
}

/** Waits until the API's index reflects all that is published. */
async function reached({ driver, kafka }: BenchServers, { port }: Api): Promise<void> {
  const { graphVersion: version } = await publishedVersions(driver, kafka, await loadGovernedSources());
  for (const end = Date.now() + REACHED_WITHIN_MS; ; ) {
    const codes = await post(port, { query: '{ __typename }', variables: {} }, version).then(codesOf);
    if (codes.length === 0) return;
    if (Date.now() > end) throw new Error(`The index does not come to ${version}: ${codes.join()}`);
    await sleep(200);
  }
}

async function compare(api: Api, reference: Api): Promise<Comparison> {
  const result: Comparison = { compared: 0, refused: 0, wrong: 0 };
  const one = async (): Promise<void> => {
    const question = randomQuestion();
    const [a, b] = await Promise.all([post(api.port, question), post(reference.port, question)]);
    result.compared++;
    const codes = codesOf(a);
    if (codes.length > 0) result.refused++;
    if (!codes.some(isFault) && isDeepStrictEqual([a.data, codes], [b.data, codesOf(b)])) return;
    result.wrong++;
    say(
      `wrong: ${JSON.stringify(question)}\n  ${JSON.stringify(a).slice(0, 1_500)}\n  ${JSON.stringify(b).slice(0, 1_500)}`,
    );
  };
  for (let i = 0; i < COMPARED; i += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, one));
  return result;
}

/**
 * What the API's process says of itself: heap and buffers are those of its main thread, with the answers that it keeps.
 * Its longest stall is that since the line before.
 */
async function sample({ port }: Api, elapsed: number, note = 'begin'): Promise<void> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const metric = (name: string): number => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1] ?? Number.NaN);
  const megabytes = (name: string): string => (metric(name) / 2 ** 20).toFixed(0);
  say(
    `${(elapsed / 1_000).toFixed(0).padStart(4)} s  RSS ${megabytes('process_resident_memory_bytes')} MB, heap ` +
      `${megabytes('nodejs_heap_size_used_bytes')} MB, buffers ${megabytes('nodejs_external_memory_bytes')} MB, longest stall ` +
      `${(metric('nodejs_eventloop_lag_max_seconds') * 1_000).toFixed(0)} ms; ${note}`,
  );
}

function report(
  { asked, milliseconds, errors }: Tally,
  { compared, refused, wrong }: Comparison,
  seconds: number,
): void {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN).toFixed(0);
  const faults = [...errors].filter(([code]) => isFault(code)).reduce((sum, [, count]) => sum + count, 0);
  say(
    `${asked} questions of ${CLIENTS} clients in ${seconds.toFixed(0)} s: p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)} ms`,
  );
  say(`errors by code: ${JSON.stringify(Object.fromEntries(errors))}; no coded refusals: ${faults} (target 0)`);
  say(`${compared} answers compared with the database's, ${refused} of them refusals, ${wrong} wrong (target 0)`);
}

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

import { setTimeout as sleep } from 'node:timers/promises';
import { createOffsetStore } from '../src/graph/offsets.ts';
import { rawMessage } from '../src/main/raw-message.ts';
import { waitUntilApplied } from '../src/main/stream-status.ts';
import type { OutgoingMessage, StreamProducer } from '../src/stream/producer.ts';
import { RAW_TOPICS } from '../src/stream/topics.ts';
import { startServers } from './servers.ts';

/**
 * From a document's production to its answer in GraphQL, through both stages, while others are ingested at half of the
 * rate that the whole pipeline reaches on this machine: Neo4j, Kafka, one consumer process and the API side by side.
 */
const BURST = 40_000;
/** A burst is the warmed-up rate when it is less than this faster than the one before. */
const WARM = 1.1;
const MOST_BURSTS = 8;
/** At half of the rate, before probes count and while they do: small slices are another work than large ones. */
const SETTLING_SECONDS = 20;
const SECONDS = 45;
const TICK_MS = 100;
/** A probe is sent each so many ticks, and looked for this often: both are a load on the API themselves. */
const PROBE_TICKS = 3;
const POLL_MS = 50;

export async function benchLatency(): Promise<void> {
  const servers = await startServers({ partitions: 4 });
  const { kafka, driver, producer } = servers;
  try {
    servers.startConsumer();
    const { port } = await servers.startApi('index');
    const rate = await warmedUp(producer, () => waitUntilApplied({ kafka, offsets: createOffsetStore(driver) }, {}));
    say(`the pipeline takes ${Math.round(rate)} documents/s; now ${Math.round(rate / 2)} documents/s for ${SECONDS} s`);
    const waits = await probe(producer, port, rate / 2);
    waits.sort((a, b) => a - b);
    const at = (share: number): string =>
      (waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? Number.NaN).toFixed(0);
    say(
      `from produce to visible in GraphQL: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms (${waits.length} probes; target p99 1000 ms)`,
    );
  } finally {
    await servers.stop();
  }
}

/** Documents a second that the pipeline takes once its processes are warm. Each burst has sites of its own. */
async function warmedUp(producer: StreamProducer, idle: () => Promise<unknown>): Promise<number> {
  let rate = 0;
  for (let burst = 0; burst < MOST_BURSTS; burst++) {
    const begin = performance.now();
    await produce(producer, burst * BURST, BURST);
    await idle();
    const before = rate;
    rate = (BURST * 1_000) / (performance.now() - begin);
    say(`burst ${burst + 1}: ${Math.round(rate)} documents/s`);
    if (rate < before * WARM) return Math.max(rate, before);
  }
  return rate;
}

/** A load at `rate` documents a second, and how long some of them are waited for once it has settled. */
async function probe(producer: StreamProducer, port: number, rate: number): Promise<number[]> {
  const waits: number[] = [];
  const pending: Promise<void>[] = [];
  const begin = performance.now();
  let sent = 0;
  for (let tick = 0; performance.now() - begin < (SETTLING_SECONDS + SECONDS) * 1_000; tick++) {
    const isSettled = performance.now() - begin > SETTLING_SECONDS * 1_000;
    const due = Math.floor(((performance.now() - begin) / 1_000) * rate) - sent;
    pending.push(produce(producer, 10 * BURST + sent, due));
    sent += due;
    if (tick % PROBE_TICKS === 0) {
      const probed = untilVisible(producer, port, `probe-${tick}.example`).then((wait) => {
        if (isSettled) waits.push(wait);
      });
      pending.push(probed);
    }
    await sleep(Math.max(0, begin + (tick + 1) * TICK_MS - performance.now()));
  }
  await Promise.all(pending);
  return waits;
}

async function untilVisible(producer: StreamProducer, port: number, name: string): Promise<number> {
  const begin = performance.now();
  await producer.send(RAW_TOPICS.dns, [await answer(name, 'ns1.probe-vendor.example')]);
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: 'query Probe($name: String!) { domain(name: $name) { name } }',
        variables: { name },
      }),
    });
    const { data } = (await response.json()) as { data?: { domain: unknown } };
    if (data?.domain) {
      return performance.now() - begin;
    }
    await sleep(POLL_MS);
  }
}

async function produce(producer: StreamProducer, from: number, count: number): Promise<void> {
  const size = 1_000;
  for (let at = from; at < from + count; at += size) {
    const names = Array.from({ length: Math.min(size, from + count - at) }, (_, i) => at + i);
    const messages = await Promise.all(names.map((n) => answer(`site-${n}.example`, `ns1.vendor-${n % 997}.example`)));
    await producer.send(RAW_TOPICS.dns, messages);
  }
}

/** A look-up of name servers as zdns writes it. */
function answer(name: string, server: string): Promise<OutgoingMessage> {
  const line = JSON.stringify({
    name,
    results: {
      NS: {
        data: { answers: [{ answer: server, class: 'IN', name, ttl: 300, type: 'NS' }] },
        status: 'NOERROR',
        timestamp: '2026-10-01T00:00:00Z',
      },
    },
  });
  return rawMessage({ bytes: Buffer.from(line), place: 'bench', format: 'zdns' }, { source: 'zdns' });
}

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { rawMessage } from '../src/main/raw-message.ts';
import { AlertRaisedSchema } from '../src/stream/generated/avd/alerts/v1/alerts_pb.ts';
import { readToEnd } from '../src/stream/read.ts';
import { CHANGE_TOPICS, RAW_TOPICS, type Stream } from '../src/stream/topics.ts';
import { buryMembers } from '../test/support/bury-members.ts';
import { connect } from '../test/support/subscriber.ts';
import { latencyOf } from './clients.ts';
import { type BenchServers, startServers } from './servers.ts';

/**
 * From a breach's arrival on its raw topic to the alert on a subscription, for a vendor three hops from what a portfolio
 * follows, while name servers of other sites are ingested; and then whether each case has one alert, once in order on the
 * subscription, where the consumer is killed again and again.
 */
const SITES_PER_SECOND = 500;
const ROUNDS = ['cold', 'warm'];
/** In each round. */
const BREACHES = 150;
const BREACH_EVERY_MS = 200;
const KILLS = 20;
const TICK_MS = 100;

const ALERTS = `subscription ($id: ID!, $after: String) { alerts(portfolio: $id, after: $after) {
  id cursor incident { title } paths { length organizations { key } } } }`;

interface Seen {
  readonly id: string;
  readonly cursor: string;
  readonly title: string;
  readonly hops: number | undefined;
  /** When it came. */
  readonly at: number;
}

export async function benchAlerts(): Promise<void> {
  const servers = await startServers();
  try {
    const { port } = await servers.startApi('index');
    const url = `http://127.0.0.1:${port}`;
    let consumer = servers.startConsumer();
    const portfolio = await followCustomer(url);
    await connectVendors(servers);
    const seen: Seen[] = [];
    const subscriber = await connect(url, {
      onEvent: ({ data, errors }) => {
        if (errors !== undefined) throw new Error(JSON.stringify(errors));
        const { id, cursor, incident, paths } = data.alerts;
        seen.push({ id, cursor, title: incident.title, hops: paths[0]?.length, at: performance.now() });
      },
    });
    subscriber.subscribe(ALERTS, { id: portfolio });
    const over = new AbortController();
    const ingesting = ingest(servers, over.signal);
    await untilAlerted(servers, seen, ['first']);
    await measureWaits(servers, seen);
    for (let kill = 1; kill <= KILLS; kill++) consumer = await killBetween(servers, consumer, kill);
    const titles = Array.from({ length: KILLS }, (_, i) => `kill-${i + 1}`);
    await untilSeen(seen, titles);
    over.abort();
    await ingesting;
    await judge(servers, seen);
    subscriber.cut();
    await subscriber.closed;
  } finally {
    await servers.stop();
  }
}

/** @returns the id of a portfolio that follows one domain */
async function followCustomer(url: string): Promise<string> {
  const made = await ask(url, 'mutation { createPortfolio(name: "Watched", alertDepth: 3) { id } }');
  const { id } = made.createPortfolio as { readonly id: string };
  await ask(url, `mutation { follow(portfolio: ${JSON.stringify(id)}, domains: ["customer.example"]) { id } }`);
  return id;
}

async function ask(url: string, query: string): Promise<Record<string, any>> {
  const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }) };
  const { data, errors } = (await (await fetch(`${url}/graphql`, request)).json()) as Record<string, any>;
  if (errors !== undefined) throw new Error(JSON.stringify(errors));
  return data;
}

/** customer.example → one.example → two.example → hit.example. */
async function connectVendors(servers: BenchServers): Promise<void> {
  const chain = ['customer', 'one', 'two', 'hit'].map((name) => `${name}.example`);
  const lines = chain.slice(1).map((object, i) => ({
    type: 'uses',
    subject: chain[i],
    object,
    service: 'dns',
    observedAt: '2026-10-01T00:00:00Z',
  }));
  for (const line of lines) await publish(servers, 'partner-relationships', 'partner', [line]);
}

async function publish(servers: BenchServers, stream: Stream, source: string, documents: readonly object[]) {
  const messages = await Promise.all(
    documents.map((document) =>
      rawMessage({ bytes: Buffer.from(JSON.stringify(document)), place: 'bench', format: undefined }, { source }),
    ),
  );
  await servers.producer.send(RAW_TOPICS[stream], messages);
}

const breach = (servers: BenchServers, name: string): Promise<void> =>
  publish(servers, 'breach-incidents', 'hibp', [
    {
      Name: name,
      Title: name,
      Domain: 'hit.example',
      BreachDate: '2026-10-01',
      AddedDate: '2026-10-02T00:00:00Z',
      ModifiedDate: '2026-10-02T00:00:00Z',
      PwnCount: 1_000,
      Description: '',
      DataClasses: [],
      IsVerified: true,
      IsFabricated: false,
      IsSensitive: false,
      IsRetired: false,
      IsSpamList: false,
    },
  ]);

/** Other sites' name servers, as a crawl brings them, until the signal aborts. */
async function ingest(servers: BenchServers, signal: AbortSignal): Promise<void> {
  const begin = performance.now();
  for (let sent = 0; !signal.aborted; ) {
    const due = Math.floor(((performance.now() - begin) / 1_000) * SITES_PER_SECOND) - sent;
    const answers = Array.from({ length: due }, (_, i) => nameServer(sent + i));
    if (due > 0) await publish(servers, 'dns', 'zdns', answers);
    sent += due;
    await sleep(TICK_MS);
  }
}

function nameServer(n: number): object {
  const name = `site-${n}.example`;
  const answers = [{ answer: `ns1.vendor-${n % 997}.example`, class: 'IN', name, ttl: 300, type: 'NS' }];
  return { name, results: { NS: { data: { answers }, status: 'NOERROR', timestamp: '2026-10-01T00:00:00Z' } } };
}

async function untilAlerted(servers: BenchServers, seen: readonly Seen[], titles: readonly string[]): Promise<void> {
  for (const title of titles) await breach(servers, title);
  await untilSeen(seen, titles);
}

async function untilSeen(seen: readonly Seen[], titles: readonly string[]): Promise<void> {
  const end = Date.now() + 120_000;
  while (!titles.every((title) => seen.some((alert) => alert.title === title))) {
    if (Date.now() > end) throw new Error(`Alerts are missing: ${seen.length} have come.`);
    await sleep(10);
  }
}

/** Two rounds of breaches: in the first one, processes and the database's plans are still cold. */
async function measureWaits(servers: BenchServers, seen: readonly Seen[]): Promise<void> {
  for (const round of ROUNDS) {
    const sent = new Map<string, number>();
    const pending: Promise<void>[] = [];
    for (let i = 0; i < BREACHES; i++) {
      const title = `${round}-${i}`;
      sent.set(title, performance.now());
      pending.push(breach(servers, title));
      await sleep(BREACH_EVERY_MS);
    }
    await Promise.all(pending);
    await untilSeen(seen, [...sent.keys()]);
    const waits = seen.flatMap(({ title, at }) => (sent.has(title) ? [at - (sent.get(title) as number)] : []));
    const { p50, p99, count } = latencyOf(waits, 1);
    const worst = waits.at(-1) ?? Number.NaN;
    say(
      `${round}: from a breach's arrival to its alert on the subscription, ${SITES_PER_SECOND} documents/s beside: ` +
        `p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, worst ${worst.toFixed(0)} ms (${count} breaches)`,
    );
  }
}

/** Sends a breach, and kills the consumer at some moment after it. @returns the next consumer */
async function killBetween(servers: BenchServers, consumer: ChildProcess, kill: number): Promise<ChildProcess> {
  await breach(servers, `kill-${kill}`);
  await sleep(Math.random() * 1_500);
  const gone = once(consumer, 'exit');
  consumer.kill('SIGKILL');
  await gone;
  await buryMembers(servers.kafka, servers.brokers[0] ?? '');
  const next = servers.startConsumer();
  // Some kills find it at work, some while it starts.
  await sleep(Math.random() * 6_000);
  return next;
}

async function judge({ kafka }: BenchServers, seen: readonly Seen[]): Promise<void> {
  const cases = 1 + ROUNDS.length * BREACHES + KILLS;
  let { published, messages } = await readPublished(kafka);
  // What a subscription tells of may still wait to be published.
  for (const end = Date.now() + 30_000; published.size < cases && Date.now() < end; ) {
    await sleep(500);
    ({ published, messages } = await readPublished(kafka));
  }
  const oneEach = [...published.values()].every((sequences) => sequences.size === 1);
  const cursors = new Set(seen.map(({ cursor }) => cursor)).size;
  const threeHops = seen.filter(({ hops }) => hops === 3).length;
  say(
    `${KILLS} kills: ${cases} cases, ${published.size} alert ids in ${messages} messages (one cursor each: ${oneEach}); ` +
      `the subscription had ${seen.length} alerts with ${cursors} cursors, ${threeHops} with a path of three hops`,
  );
  if (published.size !== cases || !oneEach || seen.length !== cases || cursors !== cases) process.exitCode = 1;
}

/** The numbers of each alert that was published, by its id. */
async function readPublished(kafka: BenchServers['kafka']) {
  const published = new Map<string, Set<bigint>>();
  let messages = 0;
  await readToEnd(kafka, [CHANGE_TOPICS.alert], async ({ records }) => {
    for (const { value } of records) {
      if (value === null) continue;
      const { id, sequence } = fromBinary(AlertRaisedSchema, value);
      published.set(id, (published.get(id) ?? new Set()).add(sequence));
      messages += 1;
    }
  });
  return { published, messages };
}

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

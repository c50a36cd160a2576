import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { AppError } from '../../src/errors.ts';
import type { Sources } from '../../src/governance/sources.ts';
import { checkGraph } from '../../src/graph/check.ts';
import { openDriver } from '../../src/graph/driver.ts';
import { graphHash } from '../../src/graph/hash.ts';
import { createOffsetStore } from '../../src/graph/offsets.ts';
import { type IngestReport, ingestFiles } from '../../src/main/ingest.ts';
import { lagOf, readStreamStatus, waitUntilApplied } from '../../src/main/stream-status.ts';
import { createKafka, logEnds } from '../../src/stream/kafka.ts';
import { createProducer, type OutgoingMessage, type StreamProducer } from '../../src/stream/producer.ts';
import { readToEnd } from '../../src/stream/read.ts';
import { untilDone } from '../../src/stream/retry.ts';
import { EVENT_HEADERS, GROUPS, type Group, RAW_TOPICS, TYPED_TOPICS } from '../../src/stream/topics.ts';
import { type ConsumerProcess, startConsumerProcess } from './consumer-process.ts';
import { freshDatabase } from './database.ts';
import type { Addressed, Delivery } from './deliveries.ts';
import { deleteTopics, freshTopics } from './fresh-topics.ts';
import type { TestServers } from './servers.ts';

const RAW = Object.values(RAW_TOPICS);
const TYPED = Object.values(TYPED_TOPICS);
const STAGES: readonly (readonly [Group, readonly string[]])[] = [
  [GROUPS.fanOut, RAW],
  [GROUPS.graph, TYPED],
];
const COUNTERS = ['applied', 'superseded', 'filtered', 'deadLettered'] as const;

/** How a stage stands, over all of its partitions. */
export type StageSums = Readonly<Record<(typeof COUNTERS)[number] | 'messages', number>>;

export interface Account {
  readonly fanOut: StageSums;
  readonly graph: StageSums;
  /** One sentence for each partition whose position or counters are not what its log says. */
  readonly faults: readonly string[];
  /** The ids of all events in the typed topics. */
  readonly eventIds: ReadonlySet<string>;
}

export type Pipeline = ReturnType<typeof createPipeline>;

/** The whole way of the data on real servers: fresh topics and database, consumer processes, and what came of it. */
export function createPipeline(servers: TestServers, sources: Sources) {
  const kafka = createKafka(servers.kafkaBrokers);
  const driver = openDriver(servers.neo4j);
  const rankOf = (id: string) => sources.get(id)?.rank ?? Number.MAX_SAFE_INTEGER;
  const forever = { signal: new AbortController().signal, logger: pino({ level: 'silent' }) };
  let producer: StreamProducer = createProducer(kafka);
  let partitions = 1;
  /** Every consumer of this pipeline. */
  const started: ConsumerProcess[] = [];

  /** Starts everything anew. */
  async function begin(options: { readonly partitions: number }): Promise<void> {
    partitions = options.partitions;
    await killLeft();
    await producer.close();
    await Promise.all([freshTopics(kafka, partitions), freshDatabase(driver)]);
    producer = createProducer(kafka);
  }

  /** A test that failed has not stopped its consumers; the next one shall not meet them. */
  async function killLeft(): Promise<void> {
    await Promise.all(started.splice(0).map((consumer) => consumer.kill()));
  }

  function start(count = 1): ConsumerProcess[] {
    const consumers = Array.from({ length: count }, () => startConsumerProcess(servers, partitions));
    started.push(...consumers);
    return consumers;
  }

  const ingest = (delivery: Delivery): Promise<IngestReport> => {
    const { stream, source, file, observedAt, format } = delivery;
    const time = observedAt === undefined ? undefined : Date.parse(observedAt);
    return ingestFiles({ stream, source, files: [file], observedAt: time, format }, { producer, sources });
  };

  /** Produces in this order within each topic; what a server that is away has cut off is sent again. */
  async function produce(messages: readonly Addressed[]): Promise<void> {
    const byTopic = new Map<string, OutgoingMessage[]>();
    for (const { topic, message } of messages) {
      const sent = byTopic.get(topic);
      if (sent === undefined) byTopic.set(topic, [message]);
      else sent.push(message);
    }
    await Promise.all([...byTopic].map(([topic, batch]) => untilDone(() => producer.send(topic, batch), forever)));
  }

  /** Returns when all that was produced is in the graph or refused. @throws where a consumer ended meanwhile */
  async function settle(consumers: readonly ConsumerProcess[], timeoutMs = 300_000): Promise<void> {
    const streams = { kafka, offsets: createOffsetStore(driver) };
    const over = new AbortController();
    const watch = async () => {
      while (!over.signal.aborted) {
        const dead = consumers.find((consumer) => !consumer.isAlive());
        if (dead !== undefined) throw new Error(`a consumer ended by itself:\n${dead.output().slice(-4_000)}`);
        await sleep(200);
      }
    };
    const applied = untilDone(async () => {
      await waitUntilApplied(streams, { timeoutMs }).catch((error: unknown) => {
        const isLate = error instanceof AppError && error.code === 'SERVER_NOT_READY';
        throw isLate
          ? new Error(`${error.message}\n${consumers.map((c) => c.output().slice(-2_000)).join('\n')}`)
          : error;
      });
    }, forever);
    try {
      await Promise.race([applied, watch()]);
    } finally {
      over.abort();
    }
  }

  /** Whether each message is accounted for, in each stage and partition. */
  async function account(): Promise<Account> {
    const rows = await createOffsetStore(driver).all();
    const faults: string[] = [];
    const sums: StageSums[] = [];
    for (const [group, topics] of STAGES) {
      const sum = { messages: 0, applied: 0, superseded: 0, filtered: 0, deadLettered: 0 };
      for (const { topic, partition, start: first, end } of await logEnds(kafka, topics)) {
        sum.messages += end - first;
        const row = rows.find((r) => r.group === group && r.topic === topic && r.partition === partition);
        const { next, ...counters } = row ?? {
          first,
          next: first,
          applied: 0,
          superseded: 0,
          filtered: 0,
          deadLettered: 0,
        };
        const counted = COUNTERS.reduce((total, name) => total + counters[name], 0);
        for (const name of COUNTERS) sum[name] += counters[name];
        if (counters.first === first && next === end && counted === end - first) continue;
        faults.push(`${group} ${topic}/${partition}: log ${first} to ${end}, ${JSON.stringify(row)}`);
      }
      sums.push(sum);
    }
    const [fanOut, graph] = sums as [StageSums, StageSums];
    return { fanOut, graph, faults, eventIds: await eventIds() };
  }

  async function eventIds(): Promise<Set<string>> {
    const ids = new Set<string>();
    await readToEnd(kafka, TYPED, async ({ records }) => {
      for (const { headers } of records) ids.add(headers[EVENT_HEADERS.id] ?? '');
    });
    return ids;
  }

  /** Where the stages are, all positions added up: it grows while something is worked on. */
  const progress = async (): Promise<number> =>
    (await createOffsetStore(driver).all()).reduce((sum, row) => sum + row.next, 0);

  /** Messages that a stage has not handled yet. */
  const lag = async (): Promise<number> => lagOf(await readStreamStatus({ kafka, offsets: createOffsetStore(driver) }));

  async function close(): Promise<void> {
    await killLeft();
    await producer.close();
    await deleteTopics(kafka).finally(() => driver.close());
  }

  return {
    kafka,
    driver,
    begin,
    start,
    ingest,
    produce,
    settle,
    account,
    progress,
    lag,
    close,
    hash: () => graphHash(driver),
    problems: async () => (await checkGraph(driver, rankOf)).problems,
    get producer() {
      return producer;
    },
  };
}

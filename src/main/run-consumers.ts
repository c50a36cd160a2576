import { tenantsOf } from '../governance/sources.ts';
import { checkDigest } from '../graph/digest.ts';
import type { Driver } from '../graph/driver.ts';
import { createOffsetStore } from '../graph/offsets.ts';
import { createOutbox } from '../graph/outbox.ts';
import { createWriter } from '../graph/writer.ts';
import type { Logger } from '../logger.ts';
import { createChangeRelay } from '../stream/change-relay.ts';
import { createStreamConsumer } from '../stream/consumer.ts';
import { createKafka, ensureTopics, type Kafka } from '../stream/kafka.ts';
import { createProducer, type StreamProducer } from '../stream/producer.ts';
import { untilDone } from '../stream/retry.ts';
import { type HandleTogether, handleTogether, PARTITIONS_AT_ONCE } from '../stream/together.ts';
import { GROUPS, RAW_TOPICS, TYPED_TOPICS } from '../stream/topics.ts';
import { createAlerts } from './alerts.ts';
import type { Context } from './context.ts';
import { createFanOutStage, type FanOutTotals } from './fan-out-stage.ts';
import { createGraphStage, type GraphTotals } from './graph-stage.ts';
import type { Governed } from './knowledge.ts';
import { waitUntilApplied } from './stream-status.ts';
import { isServerAway } from './unwritable.ts';

export interface ConsumersOptions {
  readonly context: Context;
  /** What fan-out decides by. */
  readonly governed: Governed;
  readonly logger: Logger;
  /** Ends the consumers; what is being written is finished first. */
  readonly signal: AbortSignal;
  /** Returns when all that was produced before is in the graph or refused, by whichever process. */
  readonly untilIdle?: boolean;
}

export interface ConsumersTotals {
  readonly fanOut: Readonly<FanOutTotals>;
  readonly graph: Readonly<GraphTotals>;
}

const REPORT_EVERY_MS = 10_000;

/**
 * One consumer process: both stages, the relay of changes, and the alerts. Any number of them may run side by side.
 * While Neo4j or Kafka is away it waits.
 * @throws AppError DIGEST_CHANGED or OFFSET_OUT_OF_RANGE, which need a decision
 */
export async function runConsumers(options: ConsumersOptions): Promise<ConsumersTotals> {
  const { context, logger } = options;
  const driver = context.openDriver();
  const kafka = createKafka(context.kafkaBrokers, logger);
  const producer = createProducer(kafka);
  try {
    return await runParts(options, { driver, kafka, producer });
  } finally {
    await producer.close().catch(() => undefined);
    await driver.close();
  }
}

interface Servers {
  readonly driver: Driver;
  readonly kafka: Kafka;
  readonly producer: StreamProducer;
}

async function runParts(options: ConsumersOptions, { driver, kafka, producer }: Servers): Promise<ConsumersTotals> {
  const { context, logger, signal, governed, untilIdle = false } = options;
  const { knowledge, digest } = governed;
  const waiting = { signal, logger };
  await untilDone(() => checkDigest(driver, digest), waiting);
  const tenants = tenantsOf(knowledge.sources);
  await untilDone(() => ensureTopics(kafka, { partitions: context.config.partitions, tenants }), waiting);

  const offsets = createOffsetStore(driver);
  const rankOf = (id: string) => knowledge.sources.get(id)?.rank ?? Number.MAX_SAFE_INTEGER;
  const fanOut = createFanOutStage({ knowledge, producer, offsets });
  const writer = createWriter({ driver, rankOf });
  const graph = createGraphStage({ writer, producer, logger });
  const relay = createChangeRelay(createOutbox(driver), producer, logger);
  const together = { atOnce: context.config.writers, isOfAll: isServerAway };
  const shared = { kafka, store: offsets, concurrency: PARTITIONS_AT_ONCE, logger };
  const fold: HandleTogether = async (slices) => {
    await graph.handle(slices);
    relay.wake();
  };
  const alerts = await createAlerts({ driver, kafka, sources: knowledge.sources, offsets, logger }, signal);
  const consumers = [
    createStreamConsumer({
      ...shared,
      group: GROUPS.fanOut,
      topics: Object.values(RAW_TOPICS),
      handle: handleTogether(fanOut.handle, together),
    }),
    createStreamConsumer({
      ...shared,
      group: GROUPS.graph,
      topics: Object.values(TYPED_TOPICS),
      onAssigned: writer.forget,
      handle: handleTogether(fold, together),
    }),
    alerts,
  ];

  const totals: ConsumersTotals = { fanOut: fanOut.totals, graph: graph.totals };
  const report = reportChanges(totals, logger);
  const ending = new AbortController();
  const stop = () => {
    for (const consumer of consumers) consumer.stop();
    ending.abort();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const whenIdle = async () => {
    await untilDone(() => waitUntilApplied({ kafka, offsets }, { signal: ending.signal }), waiting);
    await relay.drain(ending.signal);
  };
  const parts = [...consumers.map((consumer) => consumer.run()), relay.run(ending.signal)];
  if (untilIdle) parts.push(whenIdle().catch(ignoreAbort));
  try {
    // One part that ends, ends all: a process that does half of its work looks alive and isn't.
    const results = await Promise.allSettled(parts.map((part) => part.finally(stop)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return totals;
  } finally {
    clearInterval(report);
    signal.removeEventListener('abort', stop);
  }
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error;
}

/** Logs the totals now and then, while they change. */
function reportChanges(totals: ConsumersTotals, logger: Logger): NodeJS.Timeout {
  let reported = JSON.stringify(totals);
  return setInterval(() => {
    const now = JSON.stringify(totals);
    if (now === reported) return;
    reported = now;
    logger.info({ ...totals, heap: process.memoryUsage().heapUsed }, 'consumed');
  }, REPORT_EVERY_MS);
}

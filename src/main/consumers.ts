import { pathToFileURL } from 'node:url';
import type { Driver } from '../graph/driver.ts';
import { checkDigest } from '../graph/digest.ts';
import { createOffsetStore } from '../graph/offsets.ts';
import { createOutbox } from '../graph/outbox.ts';
import { createWriter } from '../graph/writer.ts';
import { createLogger, type Logger } from '../logger.ts';
import { createChangeRelay } from '../stream/change-relay.ts';
import { createStreamConsumer } from '../stream/consumer.ts';
import { createKafka, ensureTopics } from '../stream/kafka.ts';
import { createProducer } from '../stream/producer.ts';
import { untilDone } from '../stream/retry.ts';
import { GROUPS, RAW_TOPICS, TYPED_TOPICS } from '../stream/topics.ts';
import { type Context, loadContext } from './context.ts';
import { EXIT, reportFailure } from './exit.ts';
import { createFanOutStage, type FanOutTotals } from './fan-out-stage.ts';
import { createGraphStage, type GraphTotals } from './graph-stage.ts';
import { loadKnowledge } from './knowledge.ts';
import { onParentGone } from './parent.ts';
import { waitUntilApplied } from './stream-status.ts';

export interface ConsumersOptions {
  readonly context: Context;
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
 * One consumer process: both stages and the relay of changes. Any number of them may run side by side.
 * While Neo4j or Kafka is away it waits.
 * @throws AppError DIGEST_CHANGED or OFFSET_OUT_OF_RANGE, which need a decision
 */
export async function runConsumers(options: ConsumersOptions): Promise<ConsumersTotals> {
  const { context } = options;
  const driver = context.openDriver();
  const producer = createProducer(createKafka(context.kafkaBrokers, options.logger));
  try {
    return await run(options, driver, producer);
  } finally {
    await producer.close().catch(() => undefined);
    await driver.close();
  }
}

async function run(
  { context, logger, signal, untilIdle = false }: ConsumersOptions,
  driver: Driver,
  producer: ReturnType<typeof createProducer>,
): Promise<ConsumersTotals> {
  const kafka = createKafka(context.kafkaBrokers, logger);
  const offsets = createOffsetStore(driver);
  const { knowledge, digest } = await loadKnowledge();
  const waiting = { signal, logger };
  await untilDone(() => checkDigest(driver, digest), waiting);
  await untilDone(() => ensureTopics(kafka, { partitions: context.config.partitions }), waiting);

  const fanOut = createFanOutStage({ knowledge, producer, offsets });
  const rankOf = (id: string) => knowledge.sources.get(id)?.rank ?? Number.MAX_SAFE_INTEGER;
  const graph = createGraphStage({ writer: createWriter({ driver, rankOf }), producer, logger });
  const relay = createChangeRelay(createOutbox(driver), producer, logger);
  const shared = { kafka, store: offsets, concurrency: context.config.writers, logger };
  const consumers = [
    createStreamConsumer({ ...shared, group: GROUPS.fanOut, topics: Object.values(RAW_TOPICS), handle: fanOut.handle }),
    createStreamConsumer({ ...shared, group: GROUPS.graph, topics: Object.values(TYPED_TOPICS), handle: graph.handle }),
  ];

  const ending = new AbortController();
  const stop = () => {
    for (const consumer of consumers) consumer.stop();
    ending.abort();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const totals: ConsumersTotals = { fanOut: fanOut.totals, graph: graph.totals };
  const report = reportChanges(totals, logger);
  try {
    const running = [...consumers.map((consumer) => consumer.run()), relay.run(ending.signal)].map((part) =>
      // One part that ends, ends all: a process that does half of its work looks alive and isn't.
      part.finally(stop),
    );
    const idle = untilIdle
      ? untilDone(() => waitUntilApplied({ kafka, offsets }, { signal: ending.signal }), { signal: ending.signal, logger })
          .then(() => relay.drain(ending.signal))
          .catch(ignoreAbort)
          .finally(stop)
      : Promise.resolve();
    const results = await Promise.allSettled([...running, idle]);
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

/** A stop that takes longer is cut short: what is durable stays, what isn't comes again. */
const LONGEST_STOP_MS = 15_000;

/** An abort signal for this process's own end: SIGTERM, SIGINT, or the end of the `npm start` that started it. */
export function endOfProcess(logger: Logger): AbortSignal {
  const ending = new AbortController();
  const end = (reason: string) => {
    if (ending.signal.aborted) return;
    logger.info({ reason }, 'stopping');
    ending.abort();
    setTimeout(() => process.exit(EXIT.done), LONGEST_STOP_MS).unref();
  };
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));
  onParentGone(process.env, () => end('parent gone'));
  return ending.signal;
}

async function main(): Promise<number> {
  try {
    const context = loadContext();
    const logger = createLogger(context.config.logLevel, 'consumers');
    await runConsumers({ context, logger, signal: endOfProcess(logger) });
    return EXIT.done;
  } catch (error) {
    return reportFailure(error);
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exit(await main());
}

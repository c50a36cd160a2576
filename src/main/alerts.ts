import { createAlertStage } from '../alerts/stage.ts';
import { triggerTopics } from '../alerts/triggers.ts';
import { type Sources, tenantsOf } from '../governance/sources.ts';
import type { Driver } from '../graph/driver.ts';
import type { OffsetStore } from '../graph/offsets.ts';
import type { Logger } from '../logger.ts';
import { createQueryContext } from '../queries/context.ts';
import { createReader } from '../queries/reader.ts';
import { createStreamConsumer, type StreamConsumer } from '../stream/consumer.ts';
import { type Kafka, logEnds } from '../stream/kafka.ts';
import { untilDone } from '../stream/retry.ts';
import { ALERTS_GROUP } from '../stream/topics.ts';

export interface AlertsDeps {
  readonly driver: Driver;
  readonly kafka: Kafka;
  readonly sources: Sources;
  readonly offsets: OffsetStore;
  readonly logger: Logger;
}

/** What one question to the database may take, in ms. */
const TIMEOUT_MS = 60_000;

/**
 * The consumer that raises alerts. One member of its group does the work, and another goes on when it ends. In a database
 * that has never raised any, what is there already warns nobody: call before anything else writes to it.
 * @throws AppError DATABASE_UNAVAILABLE, STREAM_UNAVAILABLE only where `signal` aborts
 */
export async function createAlerts(deps: AlertsDeps, signal: AbortSignal): Promise<StreamConsumer> {
  const { driver, kafka, sources, offsets, logger } = deps;
  const tenants = tenantsOf(sources);
  const topics = triggerTopics(tenants);
  const context = createQueryContext(createReader({ driver, timeout: TIMEOUT_MS }), sources);
  const stage = createAlertStage({ driver, context, tenants, logger, group: ALERTS_GROUP });
  const begin = async (): Promise<void> => {
    if ((await offsets.all()).some(({ group }) => group === ALERTS_GROUP)) return;
    const ends = await logEnds(kafka, topics);
    await stage.begin(ends.map(({ topic, partition, end }) => ({ topic, partition, from: end })));
  };
  await untilDone(begin, { signal, logger });
  return createStreamConsumer({
    kafka,
    store: offsets,
    concurrency: 1,
    logger,
    group: ALERTS_GROUP,
    topics,
    exclusive: true,
    onAssigned: stage.forget,
    handle: stage.handle,
  });
}

import { setTimeout as sleep } from 'node:timers/promises';
import { EXPOSURE_TOPICS, toVersion } from '../exposure/version.ts';
import type { Driver } from '../graph/driver.ts';
import { inSession } from '../graph/offsets.ts';
import { createOutbox } from '../graph/outbox.ts';
import { run } from '../graph/statement.ts';
import { graphId } from '../graph/statements/offset.ts';
import { type Kafka, logEnds } from '../stream/kafka.ts';
import { positionKey } from '../stream/positions.ts';

/**
 * The version that reflects all changes that were published until now: who has written something and waits until it is
 * in the graph gives this to the API, which answers once it reflects it.
 */
export async function publishedVersion(driver: Driver, kafka: Kafka): Promise<string> {
  const [row] = await inSession(driver, 'READ', (tx) => run(tx, graphId, {}));
  const ends = await logEnds(kafka, EXPOSURE_TOPICS);
  return toVersion(row?.graph ?? '', new Map(ends.map((e) => [positionKey(e.topic, e.partition), e.end])));
}

/** Returns when each change of the graph is published. */
export async function waitUntilPublished(driver: Driver): Promise<void> {
  const outbox = createOutbox(driver);
  while ((await outbox.take(1)).length > 0) await sleep(200);
}

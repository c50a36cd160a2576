import { setTimeout as sleep } from 'node:timers/promises';
import { exposureTopics, toVersion } from '../exposure/version.ts';
import { type Sources, tenantsOf } from '../governance/sources.ts';
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
export async function publishedVersions(driver: Driver, kafka: Kafka, sources: Sources): Promise<PublishedVersions> {
  const [row] = await inSession(driver, 'READ', (tx) => run(tx, graphId, {}));
  const ends = await logEnds(kafka, exposureTopics(sources));
  const positions = new Map(ends.map((e) => [positionKey(e.topic, e.partition), e.end]));
  const versionFor = (tenant?: string) => toVersion(row?.graph ?? '', positions, tenant);
  const ofTenants = Object.fromEntries(tenantsOf(sources).map((tenant) => [tenant, versionFor(tenant)]));
  return { graphVersion: versionFor(), graphVersions: ofTenants };
}

export interface PublishedVersions {
  readonly graphVersion: string;
  /** What stands in its place for each tenant with sources of its own. */
  readonly graphVersions: Readonly<Record<string, string>>;
}

/** Returns when each change of the graph is published; rejects when `signal` aborts. */
export async function waitUntilPublished(driver: Driver, signal?: AbortSignal): Promise<void> {
  const outbox = createOutbox(driver);
  while ((await outbox.take(1)).length > 0) await sleep(200, undefined, { signal });
}

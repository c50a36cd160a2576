import { setTimeout as sleep } from 'node:timers/promises';
import { ALL_TOPICS, ensureTopics, type Kafka, withAdmin } from '../../src/stream/kafka.ts';
import { tenantOfTopic } from '../../src/stream/topics.ts';

/** Every topic of AVD anew and empty, with so many partitions. Nobody may be reading or writing them. */
export async function freshTopics(kafka: Kafka, partitions: number, tenants: readonly string[] = []): Promise<void> {
  await deleteTopics(kafka);
  // The broker lets go of a name a moment after it has agreed to.
  for (let attempt = 1; ; attempt++) {
    try {
      return await ensureTopics(kafka, { partitions, tenants });
    } catch (error) {
      if (attempt === 20) throw error;
      await sleep(250);
    }
  }
}

/** Leaves the cluster to the next test file as it was at the start. */
export async function deleteTopics(kafka: Kafka): Promise<void> {
  await withAdmin(kafka, async (admin) => {
    const existing = async () => {
      const all = await admin.listTopics();
      return all.filter((topic) => ALL_TOPICS.includes(topic) || tenantOfTopic(topic) !== undefined);
    };
    const topics = await existing();
    if (topics.length > 0) await admin.deleteTopics({ topics });
    while ((await existing()).length > 0) await sleep(50);
  });
}

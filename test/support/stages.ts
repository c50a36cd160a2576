import { pino } from 'pino';
import type { Knowledge } from '../../consumers/document.ts';
import { createDetector } from '../../src/detection/detector.ts';
import { createSources, type Source } from '../../src/governance/sources.ts';
import { createOffsetStore } from '../../src/graph/offsets.ts';
import { createWriter } from '../../src/graph/writer.ts';
import { createFanOutStage } from '../../src/main/fan-out-stage.ts';
import { createGraphStage } from '../../src/main/graph-stage.ts';
import { rawMessage } from '../../src/main/raw-message.ts';
import { waitUntilApplied } from '../../src/main/stream-status.ts';
import { isServerAway } from '../../src/main/unwritable.ts';
import { createStreamConsumer } from '../../src/stream/consumer.ts';
import { createKafka, ensureTopics, logEnds } from '../../src/stream/kafka.ts';
import { createProducer } from '../../src/stream/producer.ts';
import { handleTogether } from '../../src/stream/together.ts';
import { GROUPS, RAW_TOPICS, type Stream, TYPED_TOPICS } from '../../src/stream/topics.ts';
import { freshDatabase, testDriver } from './database.ts';
import { testServers } from './test-servers.ts';

const source = (id: string, kind: Source['kind'], topics: readonly Stream[]): Source => ({
  id,
  name: id,
  team: 'test',
  kind,
  topics,
  rank: 3,
  prior: 0.9,
  freshDays: 30,
  sensitiveFields: [],
  licence: 'own',
});

export const KNOWLEDGE: Knowledge = {
  detector: createDetector([], []),
  sources: createSources([
    source('partner', 'statement', ['partner-relationships']),
    source('page-crawler', 'sighting', ['page-loads']),
  ]),
};

/** Both stages against the run's servers, in this process, with a database of their own making. */
export function createStages(knowledge: Knowledge = KNOWLEDGE) {
  const kafka = createKafka(testServers().kafkaBrokers);
  const driver = testDriver();
  const producer = createProducer(kafka);
  const logger = pino({ level: 'silent' });

  /** An empty database whose consumers begin where the logs end now: other tests' messages are none of theirs. */
  const begin = async (): Promise<void> => {
    await freshDatabase(driver);
    // One that has seen the database before it was emptied takes this one for another.
    const offsets = createOffsetStore(driver);
    await ensureTopics(kafka, { partitions: 3 });
    const counters = { applied: 0, superseded: 0, filtered: 0, deadLettered: 0 };
    for (const [group, topics] of [
      [GROUPS.fanOut, RAW_TOPICS],
      [GROUPS.graph, TYPED_TOPICS],
    ] as const) {
      for (const { topic, partition, end } of await logEnds(kafka, Object.values(topics))) {
        await offsets.commit({ group, topic, partition, from: end, next: end, counters });
      }
    }
  };

  /** Runs both stages until nothing is left to do, and checks that every message is accounted for. */
  const drain = async () => {
    const offsets = createOffsetStore(driver);
    const rankOf = (id: string) => knowledge.sources.get(id)?.rank ?? 99;
    const fanOut = createFanOutStage({ knowledge, producer, offsets });
    const graph = createGraphStage({ writer: createWriter({ driver, rankOf }), producer, logger });
    const shared = { kafka, store: offsets, concurrency: 8, logger };
    const consumers = [
      createStreamConsumer({
        ...shared,
        group: GROUPS.fanOut,
        topics: Object.values(RAW_TOPICS),
        handle: handleTogether(fanOut.handle, { atOnce: 2, isOfAll: isServerAway }),
      }),
      createStreamConsumer({
        ...shared,
        group: GROUPS.graph,
        topics: Object.values(TYPED_TOPICS),
        handle: handleTogether(graph.handle, { atOnce: 2, isOfAll: isServerAway }),
      }),
    ];
    const running = consumers.map((consumer) => consumer.run());
    const status = await Promise.race([waitUntilApplied({ kafka, offsets }, { timeoutMs: 90_000 }), ...running]);
    for (const consumer of consumers) consumer.stop();
    await Promise.all(running);
    if (status === undefined) throw new Error('a consumer ended by itself');
    if (!status.partitions.every((partition) => partition.balanced)) throw new Error('the counters do not add up');
    const sum = (group: string, counter: 'applied' | 'superseded' | 'filtered' | 'deadLettered') =>
      status.partitions.filter((p) => p.group === group).reduce((total, p) => total + p[counter], 0);
    return { sum };
  };

  const ingest = async (stream: Stream, from: string, text: string | Buffer, headers: Record<string, string> = {}) => {
    const framed = { bytes: Buffer.from(text as string), place: 'test line 1', format: undefined };
    const message = await rawMessage(framed, { source: from });
    await producer.send(RAW_TOPICS[stream], [{ ...message, headers: { ...message.headers, ...headers } }]);
  };

  const close = async (): Promise<void> => {
    await producer.close();
    await driver.close();
  };

  return { kafka, driver, producer, begin, drain, ingest, close };
}

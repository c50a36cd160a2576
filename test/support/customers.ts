import { pino } from 'pino';
import type { Access } from '../../src/api/access.ts';
import { ROLES } from '../../src/api/viewer.ts';
import { type Sources, tenantsOf } from '../../src/governance/sources.ts';
import { createOffsetStore } from '../../src/graph/offsets.ts';
import { createWriter } from '../../src/graph/writer.ts';
import { createCorrections } from '../../src/main/corrections.ts';
import { createGraphStage } from '../../src/main/graph-stage.ts';
import { createPortfolioChanges } from '../../src/main/portfolio-changes.ts';
import { createSubmit } from '../../src/main/submit.ts';
import { isServerAway } from '../../src/main/unwritable.ts';
import { createStreamConsumer, type StreamConsumer } from '../../src/stream/consumer.ts';
import { createKafka } from '../../src/stream/kafka.ts';
import { createProducer } from '../../src/stream/producer.ts';
import { handleTogether } from '../../src/stream/together.ts';
import { GROUPS, TYPED_TOPICS } from '../../src/stream/topics.ts';
import { startApi } from '../integration/api-client.ts';
import { freshDatabase, testDriver } from './database.ts';
import { declaredSources } from './facts.ts';
import { deleteTopics, freshTopics } from './fresh-topics.ts';
import { testServers } from './test-servers.ts';

/** Who asks is said by the header, `<tenant>` or `<tenant> <role>`: these tests are not about tokens. */
const byHeader: Access = async (header = 'public') => {
  const [tenant = '', only] = header.split(' ');
  return {
    name: `somebody at ${tenant}`,
    tenant,
    roles: new Set(ROLES.filter((role) => only === undefined || role === only)),
  };
};

interface CustomersOptions {
  /** How long a change may take to come into the graph, in ms. */
  readonly patience?: number;
  readonly sources?: Sources;
}

export interface Reply {
  readonly data: any;
  readonly codes: readonly string[];
}

/** The API with the graph stage behind it: what customers change goes through Kafka and comes back from Neo4j. */
export async function createCustomers({ patience = 20_000, sources = declaredSources }: CustomersOptions = {}) {
  const kafka = createKafka(testServers().kafkaBrokers);
  const driver = testDriver();
  const logger = pino({ level: 'silent' });
  await Promise.all([freshTopics(kafka, 3, tenantsOf(sources)), freshDatabase(driver)]);
  const producer = createProducer(kafka);
  const submit = createSubmit({ producer, offsets: createOffsetStore(driver), patience });
  const api = await startApi(driver, {
    access: byHeader,
    sources,
    portfolioChanges: createPortfolioChanges(submit),
    corrections: createCorrections(submit),
  });
  let consumer: StreamConsumer | undefined;
  let running: Promise<void> | undefined;

  const start = (): void => {
    const rankOf = (id: string) => sources.get(id)?.rank ?? 99;
    const stage = createGraphStage({ writer: createWriter({ driver, rankOf }), producer, logger });
    const topics = Object.values(TYPED_TOPICS);
    const shared = { kafka, store: createOffsetStore(driver), concurrency: 8, logger };
    consumer = createStreamConsumer({
      ...shared,
      group: GROUPS.graph,
      topics,
      handle: handleTogether(stage.handle, { atOnce: 2, isOfAll: isServerAway }),
    });
    running = consumer.run();
  };
  const stop = async (): Promise<void> => {
    consumer?.stop();
    await running;
  };
  const ask = async (tenant: string, query: string, variables: Record<string, unknown> = {}): Promise<Reply> => {
    const response = await fetch(`${api.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: tenant },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors = [] } = (await response.json()) as { data: any; errors?: any[] };
    return { data, codes: errors.map(({ extensions }) => extensions.code) };
  };
  /** The data of an answer that must have no errors. */
  const data = async (tenant: string, query: string, variables?: Record<string, unknown>): Promise<any> => {
    const reply = await ask(tenant, query, variables);
    if (reply.codes.length > 0) throw new Error(`${query}: ${reply.codes}`);
    return reply.data;
  };
  const close = async (): Promise<void> => {
    await stop();
    await api.close();
    await producer.close();
    await deleteTopics(kafka).finally(() => driver.close());
  };
  return { kafka, driver, producer, url: api.url, start, stop, ask, data, close };
}

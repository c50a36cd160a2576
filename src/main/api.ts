import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Access, createAccess } from '../api/access.ts';
import { openKeySet } from '../api/key-set.ts';
import { createApi } from '../api/server.ts';
import { loadTrustedDocuments } from '../api/trusted-documents.ts';
import type { Config } from '../config.ts';
import { createExposureIndexClient, type ExposureIndexClient } from '../exposure/client.ts';
import { createIndexedQueries } from '../exposure/queries.ts';
import { loadSources } from '../governance/sources.ts';
import { createOffsetStore } from '../graph/offsets.ts';
import { createLogger, type Logger } from '../logger.ts';
import { inProgram } from '../program.ts';
import { createAlertQueries } from '../queries/alert.ts';
import { createDecisionQueries } from '../queries/decision.ts';
import { createFeedQueries } from '../queries/feed.ts';
import { createNeo4jQueries } from '../queries/neo4j.ts';
import { createPortfolioQueries } from '../queries/portfolio.ts';
import { createKafka } from '../stream/kafka.ts';
import { createProducer } from '../stream/producer.ts';
import { type Context, loadContext } from './context.ts';
import { createCorrections } from './corrections.ts';
import { createDearThread } from './dear-thread.ts';
import { SOURCES_FILE } from './knowledge.ts';
import { sayLastWord } from './last-word.ts';
import { onParentGone } from './parent.ts';
import { createPortfolioChanges } from './portfolio-changes.ts';
import { aborted, listenForStop } from './stop-signals.ts';
import { createSubmit } from './submit.ts';
import { warmPlans } from './warm-plans.ts';

const SCHEMA = inProgram('graphql/schema');

/** How long the first question is put off for the index. A large graph's takes longer, and meanwhile the database answers. */
const INDEX_PATIENCE_MS = 5_000;
/** How long an answer may take. */
const TIME_LIMIT_MS = 20_000;
/** How long a change may take to come into the graph before its client is told that it is on its way. */
const PATIENCE_MS = 10_000;
/** How long answers under way may take to finish when the API stops. */
const DRAIN_LIMIT_MS = TIME_LIMIT_MS + 2000;

/** Serves the API until it is told to stop, or until the process that started it is gone. */
async function main(): Promise<void> {
  const context = loadContext();
  const { config } = context;
  const log = createLogger(config.logLevel, 'api');
  // One answer that fails where nobody waits for it is not to end all others.
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'A promise failed that nobody waits for'));
  const { sources } = await loadSources(SOURCES_FILE);
  const driver = context.openDriver();
  const database = createNeo4jQueries({ driver, sources });
  const index = config.exposureEngine === 'index' ? openIndex(context, log) : undefined;
  const producer = createProducer(createKafka(context.kafkaBrokers, log));
  const submit = createSubmit({ producer, offsets: createOffsetStore(driver), patience: PATIENCE_MS });
  const { introspection, logLevel } = config;
  const dear = createDearThread(
    { neo4j: context.neo4j, sources: SOURCES_FILE, schemaFolder: SCHEMA, introspection, logLevel },
    index,
    log,
  );
  const api = await createApi({
    queries: index === undefined ? database : createIndexedQueries(database, index),
    portfolios: createPortfolioQueries({ driver }),
    alerts: createAlertQueries({ driver }),
    feed: createFeedQueries({ driver }),
    portfolioChanges: createPortfolioChanges(submit),
    decisions: createDecisionQueries({ driver }),
    corrections: createCorrections(submit),
    version: index?.version,
    waitFor: index?.waitFor,
    sources,
    schemaFolder: SCHEMA,
    log,
    introspection,
    elsewhere: dear,
    access: openAccess(config.access),
    costPerMinute: config.costPerMinute,
    documents: await loadTrustedDocuments(config.documents.trusted, config.documents.onlyTrusted),
    timeLimit: TIME_LIMIT_MS,
  });
  const stop = listenForStop(() => process.exit(1));
  // Until it is there, the database is asked, which may have just started as well and have no plans.
  if (index !== undefined) await Promise.race([index.ready, aborted(stop), sleep(INDEX_PATIENCE_MS)]);
  const port = await api.listen(config.port, config.host);
  log.info({ host: config.host, port }, 'The API listens');
  void warmPlans(database, log);

  await Promise.race([aborted(stop), new Promise<void>((gone) => onParentGone(process.env, gone))]);
  log.info('The API stops');
  setTimeout(() => process.exit(1), DRAIN_LIMIT_MS).unref();
  await api.close();
  await Promise.all([dear.stop(), index?.stop()]);
  await producer.close();
  await driver.close();
  process.exit(0);
}

function openAccess({ anonymous, tokens }: Config['access']): Access {
  return createAccess({ anonymous, tokens: tokens && { ...tokens, keys: openKeySet(tokens.jwks) } });
}

function openIndex({ config, neo4j, kafkaBrokers }: Context, log: Logger): ExposureIndexClient {
  const file = join(config.home, 'exposure-index');
  return createExposureIndexClient(
    { neo4j, kafkaBrokers, sources: SOURCES_FILE, file, logLevel: config.logLevel },
    log,
  );
}

main().catch((error: unknown) => process.exit(sayLastWord(error)));

import { fileURLToPath } from 'node:url';
import { createApi } from '../api/server.ts';
import { loadSources } from '../governance/sources.ts';
import { createLogger } from '../logger.ts';
import { createNeo4jQueries } from '../queries/neo4j.ts';
import { loadContext } from './context.ts';
import { sayLastWord } from './last-word.ts';
import { onParentGone } from './parent.ts';
import { aborted, listenForStop } from './stop-signals.ts';

const SCHEMA = fileURLToPath(new URL('../../graphql/schema', import.meta.url));
const SOURCES = fileURLToPath(new URL('../../governance/sources.yaml', import.meta.url));

/** How long an answer may take. */
const TIME_LIMIT_MS = 20_000;
/** How long answers under way may take to finish when the API stops. */
const DRAIN_LIMIT_MS = TIME_LIMIT_MS + 2000;

/** Serves the API until it is told to stop, or until the process that started it is gone. */
async function main(): Promise<void> {
  const { config, openDriver } = loadContext();
  const log = createLogger(config.logLevel, 'api');
  const { sources } = await loadSources(SOURCES);
  const driver = openDriver();
  const queries = createNeo4jQueries({ driver, sources });
  const { introspection } = config;
  const api = await createApi({ queries, sources, schemaFolder: SCHEMA, log, introspection, timeLimit: TIME_LIMIT_MS });
  const port = await api.listen(config.port, config.host);
  log.info({ host: config.host, port }, 'The API listens');

  const stop = listenForStop(() => process.exit(1));
  await Promise.race([aborted(stop), new Promise<void>((gone) => onParentGone(process.env, gone))]);
  log.info('The API stops');
  setTimeout(() => process.exit(1), DRAIN_LIMIT_MS).unref();
  await api.close();
  await driver.close();
  process.exit(0);
}

main().catch((error: unknown) => process.exit(sayLastWord(error)));

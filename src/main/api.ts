import { fileURLToPath } from 'node:url';
import { createApi } from '../api/server.ts';
import { AppError } from '../errors.ts';
import { loadSources } from '../governance/sources.ts';
import { createLogger } from '../logger.ts';
import { createNeo4jQueries } from '../queries/neo4j.ts';
import { loadContext } from './context.ts';

const SCHEMA = fileURLToPath(new URL('../../graphql/schema', import.meta.url));
const SOURCES = fileURLToPath(new URL('../../governance/sources.yaml', import.meta.url));

/** How long an answer may take, in ms. */
const TIME_LIMIT = 10_000;
/** How long answers under way may take to finish when the API stops, in ms. */
const DRAIN_LIMIT = 12_000;
/** How often to look whether the process that started this one is still there, in ms. */
const PARENT_CHECK = 1000;

/** Serves the API until SIGTERM or SIGINT, or until the process that started it is gone. */
async function main(): Promise<void> {
  const { config, openDriver } = loadContext();
  const log = createLogger(config.logLevel, 'api');
  const { sources } = await loadSources(SOURCES);
  const driver = openDriver();
  const queries = createNeo4jQueries({ driver, sources });
  const api = await createApi({ queries, sources, schemaFolder: SCHEMA, log, introspection: config.introspection, timeLimit: TIME_LIMIT });
  const stop = once(async (reason: string) => {
    log.info({ reason }, 'The API stops');
    setTimeout(() => process.exit(1), DRAIN_LIMIT).unref();
    await api.close();
    await driver.close();
    process.exit(0);
  });
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('SIGINT', () => void stop('SIGINT'));
  watchParent(process.env.AVD_PARENT_PID, () => void stop('the process that started it is gone'));
  const port = await api.listen(config.port, config.host);
  log.info({ host: config.host, port }, 'The API listens');
}

/** Nobody would stop this process once its parent was killed. */
function watchParent(pid: string | undefined, gone: () => void): void {
  if (pid === undefined || pid === '') return;
  setInterval(() => {
    try {
      process.kill(Number(pid), 0);
    } catch {
      gone();
    }
  }, PARENT_CHECK).unref();
}

function once<A extends unknown[]>(action: (...args: A) => Promise<void>): (...args: A) => Promise<void> {
  let begun: Promise<void> | undefined;
  return (...args) => {
    begun ??= action(...args);
    return begun;
  };
}

main().catch((error: unknown) => {
  // One sentence for what the operator can mend, everything for what is our fault.
  console.error(error instanceof AppError ? error.message : error);
  process.exit(1);
});

import os from 'node:os';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { toAnswer } from '../api/answer-cache.ts';
import { createContext } from '../api/context.ts';
import type { DearAnswer, DearQuery } from '../api/elsewhere.ts';
import type { ApiErrorCode } from '../api/errors.ts';
import { createGraphQL } from '../api/graphql.ts';
import { createRateLimit } from '../api/rate-limit.ts';
import { loadSchema } from '../api/schema.ts';
import { AppError } from '../errors.ts';
import { type AskedByMessage, askByMessage, notReady } from '../exposure/asking.ts';
import type { Answered } from '../exposure/messages.ts';
import { createIndexedQueries } from '../exposure/queries.ts';
import { loadSources } from '../governance/sources.ts';
import { type Driver, openDriver } from '../graph/driver.ts';
import { createLogger, type Logger } from '../logger.ts';
import { createAlertQueries } from '../queries/alert.ts';
import { createDecisionQueries } from '../queries/decision.ts';
import { createNeo4jQueries } from '../queries/neo4j.ts';
import { createPortfolioQueries } from '../queries/portfolio.ts';
import type { DearSettings, FromDear, ToDear } from './dear-messages.ts';

/** How much less than the others: theirs is the time that both want, the database's too. */
const NICENESS = 10;

/** The thread of dear queries: executes what the API's thread has found valid and gives it, and makes the bytes ready. */
async function main(settings: DearSettings): Promise<void> {
  const send = (message: FromDear, transfer: ArrayBuffer[] = []): void => parentPort?.postMessage(message, transfer);
  let port: MessagePort | undefined;
  const index = askByMessage((question) => {
    if (question.kind === 'ask' && port === undefined) throw notReady();
    port?.postMessage(question);
  });
  const driver = openDriver(settings.neo4j);
  const log = createLogger(settings.logLevel, 'api');
  takeLowerPriority(log);
  const execute = await createExecution(settings, { driver, index, log });
  // One answer that fails where nobody waits for it is not to end the others.
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'A promise failed that nobody waits for'));
  const asked: (AbortController | undefined)[] = [];

  async function answer(id: number, query: DearQuery): Promise<void> {
    const leaving = new AbortController();
    asked[id] = leaving;
    try {
      const made = await execute(query, leaving.signal);
      const { buffer, byteLength } = made.answer.body;
      // A short one lies in a buffer that others share.
      send({ kind: 'executed', id, made }, buffer.byteLength === byteLength ? [buffer as ArrayBuffer] : []);
    } catch (error) {
      const { code, message } = error instanceof AppError ? error : new AppError('INTERNAL', String(error));
      send({ kind: 'failed', id, code, message });
    } finally {
      asked[id] = undefined;
    }
  }

  const connect = (given: MessagePort): void => {
    // What was asked of the one before may not have been given up yet: this may come before the news of its end.
    port?.close();
    index.giveUp();
    port = given;
    given.on('message', (answered: Answered) => {
      if (port === given) index.receive(answered);
    });
    given.on('close', () => {
      if (port !== given) return;
      port = undefined;
      index.giveUp();
    });
    given.unref();
  };

  parentPort?.on('message', (message: ToDear) => {
    if (message.kind === 'execute') void answer(message.id, message.query);
    else if (message.kind === 'abandon') asked[message.id]?.abort();
    else if (message.kind === 'index') connect(message.port);
    else void driver.close().finally(() => parentPort?.close());
  });
}

/** Only Linux has priorities of threads; elsewhere it would be that of the whole process. */
function takeLowerPriority(log: Logger): void {
  if (process.platform !== 'linux') return;
  try {
    os.setPriority(Math.min(os.getPriority() + NICENESS, os.constants.priority.PRIORITY_LOW));
  } catch (error) {
    log.warn({ err: error }, 'The thread of dear queries has the priority of the others');
  }
}

async function createExecution(
  { sources: file, schemaFolder, isIndexed, introspection }: DearSettings,
  { driver, index, log }: { driver: Driver; index: AskedByMessage; log: Logger },
) {
  const { sources } = await loadSources(file);
  const database = createNeo4jQueries({ driver, sources });
  const deps = {
    queries: isIndexed ? createIndexedQueries(database, index) : database,
    portfolios: createPortfolioQueries({ driver }),
    alerts: createAlertQueries({ driver }),
    decisions: createDecisionQueries({ driver }),
    ...NO_MUTATIONS,
    sources,
    // Each query brings its own.
    timeLimit: 0,
  };
  let codes: ApiErrorCode[] = [];
  const graphql = await createGraphQL({
    schema: await loadSchema(schemaFolder),
    log,
    introspection,
    createContext: (caller) => createContext(deps, caller),
    // What it costs was taken when it was asked.
    rateLimit: createRateLimit(undefined),
    countError: (code) => codes.push(code),
  });

  return async (
    { query, operationName, variables, accept, viewer, ...begun }: DearQuery,
    signal: AbortSignal,
  ): Promise<DearAnswer> => {
    codes = [];
    const { status, type, headers, body, outcome } = await graphql.handle(
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept },
        search: '',
        body: { query, variables, ...(typeof operationName === 'string' && { operationName }) },
      },
      { viewer, signal, begun },
    );
    const { isWhole, isWrongDocument } = outcome;
    const answer = typeof body === 'string' ? toAnswer(type, body) : body;
    return { status, headers, answer, outcome: { isWhole, isWrongDocument }, codes };
  };
}

const refuse = (): never => {
  throw new AppError('INTERNAL', 'This thread executes no mutations.');
};
const NO_MUTATIONS = {
  portfolioChanges: { submit: refuse, readDomains: refuse },
  corrections: { mergeOf: refuse, submit: refuse },
};

void main(workerData as DearSettings);

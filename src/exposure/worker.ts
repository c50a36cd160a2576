import { parentPort, workerData } from 'node:worker_threads';
import { AppError } from '../errors.ts';
import { loadSources } from '../governance/sources.ts';
import { openDriver } from '../graph/driver.ts';
import { createLogger } from '../logger.ts';
import { createKafka } from '../stream/kafka.ts';
import { type KeptIndex, keepIndex } from './keeper.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './messages.ts';

/** The thread of the exposure index: keeps it, and answers what the API's thread asks. */
async function main(settings: WorkerSettings): Promise<void> {
  const logger = createLogger(settings.logLevel, 'exposure');
  const driver = openDriver(settings.neo4j);
  const { sources } = await loadSources(settings.sources);
  const stopping = new AbortController();
  let kept: KeptIndex | undefined;
  // By the slot that the client has given the question.
  const asked: (AbortController | undefined)[] = [];
  const send = (message: FromWorker): void => parentPort?.postMessage(message);

  parentPort?.on('message', (message: ToWorker) => {
    if (message.kind === 'stop') stopping.abort();
    else if (message.kind === 'cancel') asked[message.id]?.abort();
    else void answer(kept, message, asked).then(send);
  });
  await keepIndex(
    {
      driver,
      sources,
      logger,
      kafka: createKafka(settings.kafkaBrokers, logger),
      file: settings.file,
      publish(now) {
        kept = now;
        send({ kind: 'state', version: now?.version, versions: now?.versions });
      },
    },
    stopping.signal,
  );
  await driver.close();
  parentPort?.close();
}

async function answer(
  kept: KeptIndex | undefined,
  message: ToWorker & { kind: 'ask' },
  asked: (AbortController | undefined)[],
): Promise<FromWorker> {
  const { id, question, args, deadline, tenant } = message;
  const cancelling = new AbortController();
  asked[id] = cancelling;
  try {
    if (kept === undefined) throw new AppError('INDEX_NOT_READY', 'The exposure index is being made.');
    const ask = kept.index.queries(deadline, cancelling.signal, tenant)[question] as (
      ...args: readonly unknown[]
    ) => Promise<unknown>;
    return { kind: 'answer', id, value: await ask(...args) };
  } catch (error) {
    const known = error instanceof AppError ? error : new AppError('INTERNAL', 'The exposure index failed.', {}, error);
    const details = { ...known.details, ...(known.cause !== undefined && { cause: String(known.cause) }) };
    return { kind: 'failure', id, code: known.code, message: known.message, details };
  } finally {
    asked[id] = undefined;
  }
}

void main(workerData as WorkerSettings);

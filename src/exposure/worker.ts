import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { loadSources } from '../governance/sources.ts';
import { openDriver } from '../graph/driver.ts';
import { createLogger } from '../logger.ts';
import { createKafka } from '../stream/kafka.ts';
import { answerByMessage, notReady } from './asking.ts';
import { followElsewhere } from './following-elsewhere.ts';
import { type KeptIndex, keepIndex } from './keeper.ts';
import type { Answered, FromWorker, ToWorker, WorkerSettings } from './messages.ts';

/** The thread of the exposure index: keeps it, and answers what the API's thread asks. */
async function main(settings: WorkerSettings): Promise<void> {
  const logger = createLogger(settings.logLevel, 'exposure');
  const driver = openDriver(settings.neo4j);
  const { sources } = await loadSources(settings.sources);
  const stopping = new AbortController();
  let kept: KeptIndex | undefined;
  const send = (message: FromWorker): void => parentPort?.postMessage(message);
  const answerBy = (post: (message: Answered) => void) =>
    answerByMessage(({ deadline, signal, tenant }) => {
      if (kept === undefined) throw notReady();
      return kept.index.queries(deadline, signal, tenant);
    }, post);
  const answer = answerBy(send);

  const connect = (port: MessagePort): void => {
    port.on(
      'message',
      answerBy((message) => port.postMessage(message)),
    );
    // It does not keep this thread from its end.
    port.unref();
  };

  parentPort?.on('message', (message: ToWorker) => {
    if (message.kind === 'stop') stopping.abort();
    else if (message.kind === 'connect') connect(message.port);
    else answer(message);
  });
  await keepIndex(
    {
      driver,
      sources,
      logger,
      kafka: createKafka(settings.kafkaBrokers, logger),
      follow: followElsewhere(settings),
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

void main(workerData as WorkerSettings);

import type { Logger } from '../logger.ts';
import { EXIT } from './exit.ts';
import { onParentGone } from './parent.ts';
import { listenForStop } from './stop-signals.ts';

/** A stop that takes longer is cut short: what is durable stays, what isn't comes again. */
const LONGEST_STOP_MS = 15_000;

/** Aborts when this process shall end: by a signal, or because the `npm start` that started it is gone. */
export function endOfProcess(logger: Logger): AbortSignal {
  const orphaned = new AbortController();
  onParentGone(process.env, () => orphaned.abort());
  const ending = AbortSignal.any([orphaned.signal, listenForStop(() => process.exit(EXIT.failed))]);
  ending.addEventListener('abort', () => {
    logger.info({ orphaned: orphaned.signal.aborted }, 'stopping');
    setTimeout(() => process.exit(EXIT.done), LONGEST_STOP_MS).unref();
  });
  return ending;
}

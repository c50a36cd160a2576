import { createLogger } from '../logger.ts';
import { loadContext } from './context.ts';
import { endOfProcess } from './end-of-process.ts';
import { EXIT } from './exit.ts';
import { loadKnowledge } from './knowledge.ts';
import { sayLastWord } from './last-word.ts';
import { runConsumers } from './run-consumers.ts';

/** One consumer process, until it is told to stop, or until the process that started it is gone. */
async function main(): Promise<number> {
  try {
    const context = loadContext();
    const logger = createLogger(context.config.logLevel, 'consumers');
    const governed = await loadKnowledge();
    await runConsumers({ context, governed, logger, signal: endOfProcess(logger) });
    return EXIT.done;
  } catch (error) {
    return sayLastWord(error);
  }
}

process.exit(await main());

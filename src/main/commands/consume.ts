import type { Command } from 'commander';
import { createLogger } from '../../logger.ts';
import { loadContext } from '../context.ts';
import { endOfProcess } from '../end-of-process.ts';
import { loadKnowledge } from '../knowledge.ts';
import { runConsumers } from '../run-consumers.ts';

interface Options {
  readonly untilIdle?: boolean;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('consume')
    .description('run the consumers in the foreground: raw documents to typed events, typed events to the graph')
    .option('--until-idle', 'return when all that was ingested is in the graph or dead-lettered')
    .option('--json', 'print what was consumed as JSON')
    .action(consume);
}

async function consume({ untilIdle = false, json = false }: Options): Promise<void> {
  const context = loadContext();
  const logger = createLogger(context.config.logLevel, 'consumers');
  const totals = await runConsumers({
    context,
    governed: await loadKnowledge(),
    logger,
    signal: endOfProcess(logger),
    untilIdle,
  });
  const { fanOut, graph } = totals;
  if (json) process.stdout.write(`${JSON.stringify(totals)}\n`);
  else {
    process.stdout.write(
      `${fanOut.documents} documents became ${fanOut.events} events (${fanOut.refused} refused, whole or in part); ` +
        `${graph.events} events came to the graph: ${graph.applied} applied, ${graph.superseded} known already, ${graph.refused} refused.\n`,
    );
  }
}

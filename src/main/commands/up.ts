import type { Command } from 'commander';
import { loadConfig } from '../../config.ts';
import { makeHome } from '../../local/home.ts';
import { takeLock } from '../../local/lock.ts';
import { startServers } from '../../local/servers.ts';
import { createKafka } from '../../stream/kafka.ts';
import { loadContext } from '../context.ts';
import { makeTopics, migrateGraph } from '../prepare.ts';
import { createSteps } from '../steps.ts';
import { aborted, listenForStop } from '../stop-signals.ts';

export function register(program: Command): void {
  program
    .command('up')
    .description('start Neo4j and Kafka in the background, make the topics, and migrate the graph')
    .option('--json', 'print the result as JSON')
    .action(up);
}

async function up({ json = false }: { json?: boolean }): Promise<void> {
  const config = loadConfig(process.env);
  makeHome(config.home);
  const release = takeLock(config.home);
  const stop = listenForStop(() => process.exit(1));
  void aborted(stop).then(() => process.stderr.write('Stopping …\n'));
  // Standard output is for the result.
  const steps = createSteps(process.stderr);
  try {
    const by = await steps.step('Neo4j and Kafka', (progress) => startServers(config, { progress, signal: stop }));
    const context = loadContext();
    await steps.step('topics', () => makeTopics(createKafka(context.kafkaBrokers), config));
    const applied = await steps.step('migrations', () => migrateGraph(context.openDriver));
    const result = { by, neo4j: context.neo4j.uri, kafkaBrokers: context.kafkaBrokers, applied };
    if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else process.stdout.write(`Neo4j answers at ${result.neo4j}, Kafka at ${result.kafkaBrokers.join(',')}.\n`);
  } finally {
    release();
  }
}

import type { Command } from 'commander';
import { loadConfig } from '../../config.ts';
import { lockHolder } from '../../local/lock.ts';
import { stopServers } from '../../local/servers.ts';
import { leftProcesses } from '../supervisor.ts';

/** What a `npm start` may take to stop everything, the servers included. */
const START_STOPS_WITHIN_MS = 120_000;

export function register(program: Command): void {
  program
    .command('down')
    .description('stop what runs from AVD_HOME: npm start, the API and the consumers, then Kafka and Neo4j; data stays')
    .option('--json', 'print the result as JSON')
    .action(down);
}

async function down({ json = false }: { json?: boolean }): Promise<void> {
  const { home } = loadConfig(process.env);
  const start = lockHolder(home);
  await start?.stop(START_STOPS_WITHIN_MS);
  const left = leftProcesses(home);
  await Promise.all(left.map((process) => process.stop()));
  const servers = await stopServers(home);
  const stopped = [...(start ? ['start'] : []), ...left.map(() => 'process'), ...servers];
  if (json) process.stdout.write(`${JSON.stringify({ stopped })}\n`);
  else process.stdout.write(stopped.length === 0 ? `Nothing runs from ${home}.\n` : `Stopped what ran from ${home}.\n`);
}

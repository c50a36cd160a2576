import type { Command } from 'commander';
import { requireRunning } from '../../local/servers.ts';
import { loadContext } from '../context.ts';
import { migrateGraph } from '../prepare.ts';

export function register(program: Command): void {
  program
    .command('migrate')
    .description("bring the graph's constraints and indexes to the newest version; safe to repeat")
    .option('--json', 'print the result as JSON')
    .action(async ({ json = false }: { json?: boolean }) => {
      const context = loadContext();
      requireRunning(context.config);
      const applied = await migrateGraph(context.openDriver);
      if (json) process.stdout.write(`${JSON.stringify({ applied })}\n`);
      else
        process.stdout.write(applied.length === 0 ? 'The graph is up to date.\n' : `Applied ${applied.join(', ')}.\n`);
    });
}

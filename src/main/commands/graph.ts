import type { Command } from 'commander';
import { AppError } from '../../errors.ts';
import { loadSources } from '../../governance/sources.ts';
import { checkGraph } from '../../graph/check.ts';
import type { Driver } from '../../graph/driver.ts';
import { graphHash } from '../../graph/hash.ts';
import { loadContext } from '../context.ts';
import { SOURCES_FILE } from '../knowledge.ts';

interface Options {
  readonly json?: boolean;
}

export function register(program: Command): void {
  const graph = program.command('graph').description('prove what is in the graph');
  graph
    .command('hash')
    .description('one number for all facts: equal numbers mean equal graphs')
    .option('--json', 'print the result as JSON')
    .action(({ json = false }: Options) =>
      withDriver(async (driver) => {
        const hash = await graphHash(driver);
        process.stdout.write(json ? `${JSON.stringify({ hash })}\n` : `${hash}\n`);
      }),
    );
  graph
    .command('check')
    .description('resolve owners and canonical organizations again, and look for broken invariants')
    .option('--json', 'print the result as JSON')
    .action(check);
}

async function check({ json = false }: Options): Promise<void> {
  await withDriver(async (driver) => {
    const { sources } = await loadSources(SOURCES_FILE);
    const report = await checkGraph(driver, (id) => sources.get(id)?.rank ?? Number.MAX_SAFE_INTEGER);
    const { owners, organizations, invariants } = report.checked;
    const text = [
      ...report.problems,
      `${owners} owners, ${organizations} organizations and ${invariants} invariants checked, ${report.problems.length} problems`,
    ].join('\n');
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${text}\n`);
    if (report.problems.length > 0) {
      throw new AppError('GRAPH_BROKEN', `The graph has ${report.problems.length} problems.`);
    }
  });
}

async function withDriver(work: (driver: Driver) => Promise<void>): Promise<void> {
  const driver = loadContext().openDriver();
  try {
    await work(driver);
  } finally {
    await driver.close();
  }
}

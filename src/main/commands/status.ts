import { type Command, InvalidArgumentError } from 'commander';
import { createOffsetStore } from '../../graph/offsets.ts';
import { requireRunning } from '../../local/servers.ts';
import { createKafka } from '../../stream/kafka.ts';
import { loadContext } from '../context.ts';
import { type PublishedVersions, publishedVersions, waitUntilPublished } from '../graph-version.ts';
import { loadGovernedSources } from '../knowledge.ts';
import {
  lagOf,
  type PartitionStatus,
  readStreamStatus,
  type StreamStatus,
  waitUntilApplied,
} from '../stream-status.ts';

interface Options {
  readonly json?: boolean;
  readonly wait?: boolean;
  readonly timeout?: number;
}

export function register(program: Command): void {
  program
    .command('status')
    .description('how far each stage is in each partition, and whether its counters add up')
    .option('--wait', 'return when all that was ingested is in the graph or dead-lettered')
    .option('--timeout <seconds>', 'with --wait: fail after so long', seconds)
    .option('--json', 'print the result as JSON')
    .action(status);
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('a number of seconds above 0, please.');
  return value;
}

async function status({ json = false, wait = false, timeout }: Options): Promise<void> {
  const context = loadContext();
  requireRunning(context.config);
  const driver = context.openDriver();
  try {
    const kafka = createKafka(context.kafkaBrokers);
    const streams = { kafka, offsets: createOffsetStore(driver) };
    const progress = (now: StreamStatus) => process.stderr.write(`${lagOf(now)} messages to go\n`);
    const found = wait
      ? await waitUntilApplied(streams, { ...(timeout !== undefined && { timeoutMs: timeout * 1000 }), progress })
      : await readStreamStatus(streams);
    if (wait) await waitUntilPublished(driver);
    const versions = await publishedVersions(driver, kafka, await loadGovernedSources());
    const servers = { neo4j: context.neo4j.uri, kafkaBrokers: context.kafkaBrokers };
    if (json) {
      const result = { servers, ...found, lag: lagOf(found), ...totalsOf(found), ...versions };
      process.stdout.write(`${JSON.stringify(result)}\n`);
    } else process.stdout.write(`${asText(servers, found)}\n${asLines(versions)}\n`);
  } finally {
    await driver.close();
  }
}

function asLines({ graphVersion, graphVersions }: PublishedVersions): string {
  const own = Object.entries(graphVersions).map(([tenant, version]) => `graph version of ${tenant} ${version}`);
  return [`graph version ${graphVersion}`, ...own].join('\n');
}

const COUNTERS = ['applied', 'superseded', 'filtered', 'deadLettered'] as const;

function totalsOf(status: StreamStatus) {
  const sum = (of: (partition: PartitionStatus) => number) => status.partitions.reduce((all, one) => all + of(one), 0);
  return {
    totals: Object.fromEntries(COUNTERS.map((counter) => [counter, sum((partition) => partition[counter])])),
    balanced: status.partitions.every((partition) => partition.balanced),
  };
}

function asText(servers: { neo4j: string; kafkaBrokers: readonly string[] }, status: StreamStatus): string {
  const rows = status.partitions
    .filter(({ end, next }) => end > 0 || next > 0)
    .map((p) => [
      p.group,
      `${p.topic}/${p.partition}`,
      p.next,
      p.lag,
      ...COUNTERS.map((c) => p[c]),
      p.balanced ? 'yes' : 'NO',
    ]);
  const { totals, balanced } = totalsOf(status);
  return [
    `Neo4j  ${servers.neo4j}`,
    `Kafka  ${servers.kafkaBrokers.join(',')}`,
    '',
    ...asTable([
      ['stage', 'partition', 'next', 'lag', 'applied', 'superseded', 'filtered', 'dead letters', 'adds up'],
      ...rows,
    ]),
    '',
    `${lagOf(status)} messages to go; ${COUNTERS.map((counter) => `${totals[counter]} ${counter}`).join(', ')}`,
    balanced ? 'Every message is accounted for.' : 'The counters of some partitions do not add up: see NO above.',
    ...Object.entries(status.deadLetters).map(([topic, count]) => `${count} messages in ${topic}`),
  ].join('\n');
}

function asTable(rows: readonly (readonly (string | number)[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        typeof cell === 'number'
          ? String(cell).padStart(widths[column] ?? 0)
          : String(cell).padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

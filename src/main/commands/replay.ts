import type { Command } from 'commander';
import { AppError } from '../../errors.ts';
import { checkDigest } from '../../graph/digest.ts';
import { type DatabaseAddress, openDriver } from '../../graph/driver.ts';
import { requireEmpty } from '../../graph/empty.ts';
import { createLogger } from '../../logger.ts';
import { createKafka } from '../../stream/kafka.ts';
import { loadContext } from '../context.ts';
import { loadKnowledge } from '../knowledge.ts';
import { migrateGraph } from '../prepare.ts';
import { type ReplayCounts, type ReplayReport, replay } from '../replay.ts';
import { createSteps } from '../steps.ts';
import { readTime } from '../times.ts';

interface Options {
  readonly into: string;
  readonly until?: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('replay')
    .description('fold everything that was ever ingested into an empty database, by the rules of today')
    .requiredOption(
      '--into <url>',
      'an empty Neo4j: bolt://[user[:password]@]host:port; else the password in NEO4J_REPLAY_PASSWORD',
    )
    .option(
      '--until <time>',
      'only what happened until then, as 2026-10-01 (its first instant) or 2026-10-01T12:00:00Z',
    )
    .option('--json', 'print the result as JSON')
    .action(run);
}

async function run({ into, until: untilText, json = false }: Options): Promise<void> {
  const address = readAddress(into, process.env.NEO4J_REPLAY_PASSWORD);
  const until = untilText === undefined ? undefined : readTime(untilText, '--until');
  const { config, kafkaBrokers } = loadContext();
  const logger = createLogger(config.logLevel, 'replay');
  const kafka = createKafka(kafkaBrokers, logger);
  const { knowledge, digest } = await loadKnowledge();
  const driver = openDriver(address);
  try {
    await requireEmpty(driver);
    await migrateGraph(() => openDriver(address));
    await checkDigest(driver, digest);
    // Standard output is for the result.
    const report = await createSteps(process.stderr).step(`replay into ${address.uri}`, (show) =>
      replay({ kafka, driver, knowledge, logger, until, progress: (now) => show(asLine(now)) }),
    );
    print(report, json);
  } finally {
    await driver.close();
  }
}

/** @throws AppError REFUSED where something is missing in the new graph */
function print(report: ReplayReport, json: boolean): void {
  const { applied, superseded, hash, refusals, unwritable } = report;
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else process.stdout.write(`${asLine(report)}: ${applied} applied, ${superseded} known already.\n${hash}\n`);
  if (unwritable === 0) return;
  for (const { document, place, code, reason } of refusals) {
    process.stderr.write(`${place} (document ${document}): ${code}: ${reason}\n`);
  }
  throw new AppError('REFUSED', `${unwritable} events are not in the new graph: the database refuses them.`);
}

function asLine({ documents, refused, events, unwritable, later }: ReplayCounts): string {
  const left = later > 0 ? `, ${later} later ones left out` : '';
  const lost = unwritable > 0 ? ` (${unwritable} refused by the database)` : '';
  return `${documents} documents (${refused} refused), ${events} events${lost}${left}`;
}

/** @throws AppError USAGE */
export function readAddress(text: string, password: string | undefined): DatabaseAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^(bolt|neo4j)(\+s|\+ssc)?:$/.test(url.protocol) || url.host === '') {
    throw new AppError('USAGE', '--into must be the URL of a database, as bolt://127.0.0.1:7687.');
  }
  const known = url.password === '' ? password : decodeURIComponent(url.password);
  if (known === undefined || known === '') {
    throw new AppError(
      'USAGE',
      'The password of the database to replay into is missing: give it as NEO4J_REPLAY_PASSWORD.',
    );
  }
  const username = url.username === '' ? 'neo4j' : decodeURIComponent(url.username);
  return { uri: `${url.protocol}//${url.host}`, username, password: known };
}

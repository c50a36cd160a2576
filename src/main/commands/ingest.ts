import type { Command } from 'commander';
import { checkTime } from '../../../consumers/document.ts';
import { quote } from '../../../consumers/refusal.ts';
import { parseDay, parseTime } from '../../../consumers/time.ts';
import { loadConfig } from '../../config.ts';
import { AppError } from '../../errors.ts';
import { loadSources } from '../../governance/sources.ts';
import { createKafka } from '../../stream/kafka.ts';
import { createProducer } from '../../stream/producer.ts';
import { RAW_TOPICS, STREAMS } from '../../stream/topics.ts';
import { loadContext } from '../context.ts';
import { type IngestProgress, type IngestReport, ingestFiles, requireStream } from '../ingest.ts';
import { SOURCES_FILE } from '../knowledge.ts';
import { createSteps } from '../steps.ts';

interface Options {
  readonly source: string;
  readonly observedAt?: string;
  readonly format?: string;
  readonly json?: boolean;
}

const REFUSALS_SHOWN = 20;

export function register(program: Command): void {
  program
    .command('ingest')
    .description('split files into documents and send them on their way; gzip is understood')
    .argument('<stream>', `one of ${STREAMS.join(', ')}`)
    .argument('<file...>', 'in a format of the stream, of any size')
    .requiredOption('--source <id>', 'who says it: a source declared in governance/sources.yaml')
    .option(
      '--observed-at <time>',
      'when it was seen, as 2026-10-01 or 2026-10-01T12:00:00Z, where a document does not say',
    )
    .option('--format <id>', 'the format, where the first line does not tell')
    .option('--json', 'print the result as JSON')
    .action(ingest);
}

async function ingest(streamName: string, files: readonly string[], options: Options): Promise<void> {
  const { source, format, json = false } = options;
  const stream = requireStream(streamName);
  const observedAt = options.observedAt === undefined ? undefined : readObservedAt(options.observedAt);
  const { sources } = await loadSources(SOURCES_FILE);
  const brokers = loadConfig(process.env).kafkaBrokers ?? loadContext().kafkaBrokers;
  const producer = createProducer(createKafka(brokers));
  const began = Date.now();
  const seconds = () => (Date.now() - began) / 1000;
  try {
    // Standard output is for the result.
    const report = await createSteps(process.stderr).step(`ingest into ${RAW_TOPICS[stream]}`, (show) =>
      ingestFiles(
        { stream, files, source, observedAt, format },
        { producer, sources, progress: (now) => show(asLine(now, seconds())) },
      ),
    );
    if (json)
      process.stdout.write(
        `${JSON.stringify({ stream, source, topic: RAW_TOPICS[stream], seconds: seconds(), ...report })}\n`,
      );
    else process.stdout.write(`${asText(report, seconds())}\n`);
  } finally {
    await producer.close();
  }
}

/** @throws AppError USAGE */
function readObservedAt(text: string): number {
  const day = parseDay(text, '--observed-at');
  const read = 'time' in day ? day : parseTime(text, '--observed-at');
  if ('refusal' in read) throw new AppError('USAGE', read.refusal.reason);
  const wrong = checkTime(read.time, { place: '--observed-at', producedAt: Date.now() });
  if (wrong !== undefined) throw new AppError('USAGE', `--observed-at ${quote(text)}: ${wrong.reason}`);
  return read.time;
}

function asLine({ documents, bytes, refused }: IngestProgress, seconds: number): string {
  const rate = Math.round(documents / Math.max(seconds, 0.001));
  return `${documents} documents, ${megabytes(bytes)}, ${rate} a second, ${refused} refused`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function asText(report: IngestReport, seconds: number): string {
  const { files, refusals, refused } = report;
  const empty = files.filter((file) => file.documents + file.refused === 0);
  const shown = refusals.slice(0, REFUSALS_SHOWN);
  return [
    ...empty.map(({ path }) => `${path}: no documents; it is empty, or has a header and no rows.`),
    ...shown.map(({ place, code, reason }) => `refused ${place}: ${reason} (${code})`),
    ...(refused > shown.length ? [`and ${refused - shown.length} more refused`] : []),
    `${asLine(report, seconds)}.`,
  ].join('\n');
}

import { writeFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { AppError } from '../../errors.ts';
import {
  findLetter,
  type LetterFilter,
  type LetterSummary,
  openLetters,
  summary,
} from '../../stream/dead-letter-log.ts';
import { createKafka } from '../../stream/kafka.ts';
import { createProducer } from '../../stream/producer.ts';
import { loadContext } from '../context.ts';
import { originalBytes, type RedriveReport, redriveAll, redriveCorrected } from '../redrive.ts';

type Filter = LetterFilter & { readonly json?: boolean };

export function register(program: Command): void {
  const dlq = program.command('dlq').description('what was refused, where and why; and to try it again');
  const filters = (command: Command) =>
    command
      .option('--stream <stream>', 'only documents of this stream')
      .option('--source <id>', 'only documents of this source')
      .option('--code <code>', 'only refusals with this code')
      .option('--json', 'print the result as JSON');
  filters(dlq.command('list').description('refused documents that were not sent again yet, the newest first'))
    .option('--limit <count>', 'how many to show', count, 100)
    .action(list);
  dlq
    .command('show <id>')
    .description(
      'one refused document: where it came from, and each reason. Its content, which may hold secrets, is not printed',
    )
    .option('--bytes <file>', 'write the refused bytes to this new file, for its owner only')
    .option('--json', 'print the result as JSON')
    .action(show);
  filters(dlq.command('redrive [id...]').description('send refused documents again, to where they came from'))
    .option('--all', 'all that match')
    .option('--file <file>', 'send the bytes of this file instead: the corrected document')
    .action(redrive);
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100_000) throw new InvalidArgumentError('1 to 100000, please.');
  return value;
}

async function list({ json = false, limit, ...filter }: Filter & { limit: number }): Promise<void> {
  const { letters, total } = await openLetters(createKafka(loadContext().kafkaBrokers), filter, limit);
  if (json) {
    process.stdout.write(`${JSON.stringify({ total, shown: letters.length, letters })}\n`);
    return;
  }
  for (const letter of letters) process.stdout.write(`${line(letter)}\n`);
  const more = total > letters.length ? `; the newest ${letters.length} are shown (--limit)` : '';
  process.stdout.write(
    total === 0 ? 'Nothing is refused.\n' : `\n${total} refused${more}. "dlq show <id>" says more.\n`,
  );
}

function line(letter: LetterSummary): string {
  const parts = letter.parts.length > 0 ? ` (and ${letter.parts.length} more parts)` : '';
  return printable(`${letter.id}  ${letter.source}  ${letter.code}  ${letter.place}: ${letter.reason}${parts}`);
}

async function show(id: string, { bytes, json = false }: { bytes?: string; json?: boolean }): Promise<void> {
  const found = await findLetter(createKafka(loadContext().kafkaBrokers), id);
  if (found === undefined) throw new AppError('NOT_FOUND', `There is no dead letter ${id}.`, { id });
  const shown = { ...summary(found.letter, found.group), redriven: found.redriven, headers: found.letter.headers };
  if (bytes !== undefined) await writeNew(bytes, originalBytes(found.letter));
  if (json) {
    process.stdout.write(`${JSON.stringify(shown)}\n`);
    return;
  }
  const { parts, headers, refusedAt, ...rest } = shown;
  for (const [name, value] of Object.entries({ ...rest, refusedAt: new Date(refusedAt).toISOString() })) {
    process.stdout.write(`${name.padEnd(10)}  ${printable(String(value))}\n`);
  }
  for (const [name, value] of Object.entries(headers))
    process.stdout.write(`header      ${printable(`${name}: ${value}`)}\n`);
  for (const part of parts)
    process.stdout.write(`part        ${printable(`${part.place}  ${part.code}: ${part.reason}`)}\n`);
  if (bytes !== undefined) process.stdout.write(`The refused bytes are in ${bytes}.\n`);
}

async function writeNew(file: string, bytes: Uint8Array): Promise<void> {
  await writeFile(file, bytes, { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'EEXIST' ? 'exists already' : 'cannot be written';
    throw new AppError('USAGE', `The file ${file} ${reason}.`, { file }, error);
  });
}

async function redrive(
  ids: string[],
  { all = false, file, json = false, ...filter }: Filter & { all?: boolean; file?: string },
): Promise<void> {
  if (all === ids.length > 0) throw new AppError('USAGE', 'Name the dead letters to send again, or say --all.');
  if (file !== undefined && ids.length !== 1)
    throw new AppError('USAGE', '--file corrects one document: name its dead letter.');
  const kafka = createKafka(loadContext().kafkaBrokers);
  const producer = createProducer(kafka);
  try {
    const [id] = ids;
    const report =
      file !== undefined && id !== undefined
        ? await redriveCorrected({ kafka, producer }, id, file)
        : await redriveAll({ kafka, producer }, all ? filter : new Set(ids));
    print(report, ids, json);
  } finally {
    await producer.close();
  }
}

function print(report: RedriveReport, ids: readonly string[], json: boolean): void {
  const done = new Set([...report.redriven, ...report.incomplete]);
  const unknown = ids.filter((id) => !done.has(id));
  if (json) process.stdout.write(`${JSON.stringify({ ...report, unknown })}\n`);
  else {
    process.stdout.write(`${report.redriven.length} sent again.\n`);
    for (const id of report.incomplete) process.stdout.write(`${id} was too large to keep: correct it with --file.\n`);
  }
  if (unknown.length > 0)
    throw new AppError('NOT_FOUND', `Not among the open dead letters: ${unknown.join(', ')}.`, { unknown });
}

/** Input must not steer the terminal it is shown on. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { createEvent } from '../../../consumers/document.ts';
import { AppError } from '../../errors.ts';
import { type Source, tenantsOf } from '../../governance/sources.ts';
import { createNeo4jQueries } from '../../queries/neo4j.ts';
import type { SourceState } from '../../queries/types.ts';
import { SourceWithdrawnSchema } from '../../stream/generated/avd/governance/v1/governance_pb.ts';
import { createKafka } from '../../stream/kafka.ts';
import { createProducer } from '../../stream/producer.ts';
import { TYPED_TOPICS } from '../../stream/topics.ts';
import { loadContext } from '../context.ts';
import { eventMessage } from '../fan-out-stage.ts';
import { loadGovernedSources } from '../knowledge.ts';
import { readTime } from '../times.ts';

/** All withdrawals share this key, so they have one writer. */
const WITHDRAWAL_KEY = 'withdrawals';
const HOUR_MS = 3_600_000;

export function register(program: Command): void {
  const sources = program.command('sources').description('who may say something, and how fresh what they said is');
  sources
    .command('list', { isDefault: true })
    .description('every declared source: its newest event in the graph, and whether it keeps its promise')
    .option('--json', 'print the result as JSON')
    .action(list);
  sources
    .command('withdraw <id>')
    .description(
      'undo a bad delivery: what the source said, and was last seen before that time, no longer counts; for good',
    )
    .requiredOption('--before <time>', 'as 2026-10-01 (its first instant) or 2026-10-01T12:00:00Z')
    .requiredOption('--reason <text>', 'why; it is kept')
    .option('--author <name>', 'who says so', userInfo().username)
    .option('--json', 'print the result as JSON')
    .action(withdraw);
}

async function list({ json = false }: { json?: boolean }): Promise<void> {
  const sources = await loadGovernedSources();
  const driver = loadContext().openDriver();
  try {
    const queries = createNeo4jQueries({ driver, sources });
    const asked = [queries, ...tenantsOf(sources).map((tenant) => queries.seenBy(tenant))];
    const found = await Promise.all(asked.map((seen) => seen.sources()));
    const states = new Map(found.flat().map((state) => [state.id, state]));
    const now = Date.now();
    const rows = sources.all().map((source) => describe(source, states.get(source.id), now));
    if (json) process.stdout.write(`${JSON.stringify(rows)}\n`);
    else for (const row of rows) process.stdout.write(`${asLine(row)}\n`);
  } finally {
    await driver.close();
  }
}

function describe(source: Source, state: SourceState | undefined, now: number) {
  const { id, name, team, kind, topics, rank, prior, freshDays, promiseHours, tenant } = source;
  const newest = state?.newestEvent;
  const promiseKept =
    promiseHours === undefined || newest === undefined ? undefined : now - newest <= promiseHours * HOUR_MS;
  const iso = (time: number | undefined) => (time === undefined ? undefined : new Date(time).toISOString());
  return {
    id,
    name,
    team,
    kind,
    tenant,
    topics,
    rank,
    prior,
    freshDays,
    promiseHours,
    promiseKept,
    newestEvent: iso(newest),
    withdrawnBefore: iso(state?.withdrawnBefore),
  };
}

function asLine(row: ReturnType<typeof describe>): string {
  const promise = row.promiseKept === undefined ? '' : row.promiseKept ? ', promise kept' : ', PROMISE BROKEN';
  const withdrawn = row.withdrawnBefore === undefined ? '' : `, withdrawn before ${row.withdrawnBefore}`;
  const newest = row.newestEvent === undefined ? 'nothing yet' : `newest event ${row.newestEvent}`;
  const whose = row.tenant === undefined ? '' : `, of ${row.tenant} alone`;
  return `${row.id.padEnd(16)} ${row.topics.join(', ').padEnd(24)} ${newest}${promise}${withdrawn}${whose}`;
}

interface WithdrawOptions {
  readonly before: string;
  readonly reason: string;
  readonly author: string;
  readonly json?: boolean;
}

async function withdraw(id: string, { before: text, reason, author, json = false }: WithdrawOptions): Promise<void> {
  const sources = await loadGovernedSources();
  const declared = sources.get(id);
  if (declared === undefined) throw new AppError('USAGE', `The source ${id} is not declared.`, { source: id });
  const before = readTime(text, '--before');
  const statedAt = Date.now();
  // A withdrawal is for good: one that reaches into the future would silence the source until then.
  if (before > statedAt) throw new AppError('USAGE', '--before lies in the future.');
  const event = createEvent({
    topic: TYPED_TOPICS.sourceWithdrawn,
    key: WITHDRAWAL_KEY,
    schema: SourceWithdrawnSchema,
    message: { before: BigInt(before), author, reason, statedAt: BigInt(statedAt), tenant: declared.tenant ?? '' },
    source: id,
    time: statedAt,
  });
  const producer = createProducer(createKafka(loadContext().kafkaBrokers));
  try {
    await producer.send(event.topic, [eventMessage(event)]);
  } finally {
    await producer.close();
  }
  const result = { event: event.id, source: id, before: new Date(before).toISOString() };
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else process.stdout.write(`What ${id} said, and was last seen before ${result.before}, no longer counts.\n`);
}

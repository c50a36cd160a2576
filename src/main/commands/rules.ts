import { type Command, InvalidArgumentError, Option } from 'commander';
import { createDetector, loadKnowledge } from '../../detection/detector.ts';
import type { Entity } from '../../detection/entities.ts';
import { RULE_FILES, RULE_KINDS, type Rule, type RuleKind } from '../../detection/rule.ts';
import { createUnmapped, UNMAPPED_KINDS, type Unmapped, type UnmappedKind } from '../../detection/unmapped.ts';
import type { Sources } from '../../governance/sources.ts';
import type { Driver } from '../../graph/driver.ts';
import { decodeEvidence } from '../../graph/properties.ts';
import { streamRows } from '../../graph/rows.ts';
import { claimsToMap } from '../../graph/statements/rule.ts';
import type { Stream } from '../../stream/topics.ts';
import { loadContext } from '../context.ts';
import { DETECTION_FOLDER, loadGovernedSources } from '../knowledge.ts';

export function register(program: Command): void {
  const rules = program.command('rules').description('what AVD knows of vendors: detection rules and the entity list');
  rules
    .command('list', { isDefault: true })
    .description('every rule, with counts of each kind')
    .addOption(new Option('--kind <kind>', 'only rules of this kind').choices(RULE_KINDS))
    .option('--json', 'print the result as JSON')
    .action(list);
  rules
    .command('unmapped')
    .description(
      'what crawlers saw and no rule knows, the most frequent first. TXT records that no rule knows are never kept, so they cannot be listed',
    )
    .addOption(new Option('--kind <kind>', 'only names of this kind').choices(UNMAPPED_KINDS))
    .option('--limit <count>', 'how many to show', count, 50)
    .option('--json', 'print the result as JSON')
    .action(unmapped);
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('A whole number from 1, please.');
  return value;
}

async function list({ kind, json = false }: { kind?: RuleKind; json?: boolean }): Promise<void> {
  const { rules, entities } = await loadKnowledge(DETECTION_FOLDER);
  const shown = rules.filter((rule) => kind === undefined || rule.kind === kind);
  const counts = countKinds(shown, entities);
  if (json) {
    process.stdout.write(`${JSON.stringify({ counts, rules: shown })}\n`);
    return;
  }
  for (const { id, match, vendor, service } of shown) {
    process.stdout.write(`${id.padEnd(32)} ${service.padEnd(22)} ${vendor.padEnd(24)} ${match.join(' ')}\n`);
  }
  process.stdout.write('\n');
  for (const row of counts)
    process.stdout.write(`${row.kind.padEnd(8)} ${String(row.rules).padStart(5)}  ${row.file}\n`);
}

/** Rules of each kind that has any, and the patterns of the entity list. */
function countKinds(rules: readonly Rule[], entities: readonly Entity[]) {
  const kinds = RULE_KINDS.map((kind) => ({
    kind,
    file: RULE_FILES[kind] as string,
    rules: rules.filter((rule) => rule.kind === kind).length,
  }));
  const patterns = entities.reduce((sum, entity) => sum + entity.patterns.length, 0);
  return [...kinds.filter((row) => row.rules > 0), { kind: 'entities', file: 'third-party-web/', rules: patterns }];
}

interface UnmappedOptions {
  readonly kind?: UnmappedKind;
  readonly limit: number;
  readonly json?: boolean;
}

async function unmapped({ kind, limit, json = false }: UnmappedOptions): Promise<void> {
  const sources = await loadGovernedSources();
  const driver = loadContext().openDriver();
  try {
    const all = (await findUnmapped(driver, sources)).filter((row) => kind === undefined || row.kind === kind);
    const shown = all.slice(0, limit);
    if (json) process.stdout.write(`${JSON.stringify({ total: all.length, shown: shown.length, unmapped: shown })}\n`);
    else process.stdout.write(asText(shown, all.length));
  } finally {
    await driver.close();
  }
}

function asText(shown: readonly Unmapped[], total: number): string {
  if (total === 0) return 'The rules know everything that was seen.\n';
  const lines = shown.map(
    ({ subjects, kind, name, hosts }) =>
      `${String(subjects).padStart(8)}  ${kind.padEnd(7)} ${name.padEnd(32)} ${hosts.join(' ')}\n`,
  );
  const cut = total > shown.length ? `; the first ${shown.length} are shown (--limit)` : '';
  return `${lines.join('')}\n${total} names that no rule knows${cut}. detection/README.md says how to add a rule.\n`;
}

/** What the rules of today don't know of what crawlers saw. */
export async function findUnmapped(driver: Driver, sources: Sources): Promise<Unmapped[]> {
  const { rules, entities } = await loadKnowledge(DETECTION_FOLDER);
  const found = createUnmapped(createDetector(rules, entities));
  const writersOf = (stream: Stream) =>
    sources
      .all()
      .filter(({ topics }) => topics.includes(stream))
      .map(({ id }) => id);
  const streams = { pages: writersOf('page-loads'), dns: writersOf('dns'), certificates: writersOf('certificates') };
  for await (const { subject, organization, evidence } of streamRows(driver, claimsToMap, streams)) {
    const about = organization === null ? {} : { organization };
    for (const piece of evidence ?? []) found.add({ subject, ...about, ...decodeEvidence(piece) });
  }
  return found.list();
}

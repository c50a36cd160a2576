import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import { registrableDomain } from '../identity/domain-name.ts';
import { readYaml } from '../yaml.ts';
import type { PatternIndex } from './pattern.ts';
import {
  createIndex,
  NOT_SERVICE,
  ONLY_SERVICE,
  RULE_FILES,
  RULE_KINDS,
  type Rule,
  type RuleKind,
  ruleEntry,
} from './rule.ts';

/**
 * Reads and checks the rule files of a folder.
 * @throws AppError CONFIG_INVALID with every problem of every file, each naming file, rule and reason.
 */
export async function readRules(folder: string): Promise<readonly Rule[]> {
  const problems: string[] = [];
  const rules: Rule[] = [];
  for (const kind of RULE_KINDS) {
    const text = await readFile(join(folder, RULE_FILES[kind]), 'utf8').catch((error: unknown) => {
      problems.push(`${RULE_FILES[kind]}: can't be read: ${error instanceof Error ? error.message : String(error)}`);
    });
    if (text === undefined) continue;
    const parsed = parseRules(kind, text);
    rules.push(...parsed.rules);
    problems.push(...parsed.problems);
  }
  problems.push(...checkRules(rules));
  if (problems.length > 0) {
    throw new AppError('CONFIG_INVALID', `The detection rules are wrong:\n${problems.join('\n')}`, { problems });
  }
  return rules;
}

/** The rules of one file's text, and what is wrong with the others. Pure. */
export function parseRules(kind: RuleKind, text: string): { rules: Rule[]; problems: string[] } {
  const file = RULE_FILES[kind];
  let entries: unknown;
  try {
    entries = readYaml(file, text);
  } catch (error) {
    return { rules: [], problems: [error instanceof Error ? error.message : String(error)] };
  }
  if (!Array.isArray(entries)) return { rules: [], problems: [`${file}: must be a list of rules`] };
  const rules: Rule[] = [];
  const problems: string[] = [];
  entries.forEach((entry: unknown, index) => {
    const parsed = ruleEntry.safeParse(entry);
    if (parsed.success) {
      rules.push({ kind, ...parsed.data });
      return;
    }
    for (const issue of parsed.error.issues) {
      problems.push(`${file}: ${nameOf(entry, index)}: ${[...issue.path, issue.message].join(': ')}`);
    }
  });
  return { rules, problems };
}

/** What is wrong with rules that are well-formed each: patterns, vendors, services, repeated ids, examples. Pure. */
export function checkRules(rules: readonly Rule[]): string[] {
  const ids = new Map<string, Rule>();
  const problems: string[] = [];
  for (const rule of rules) {
    const fail = (reason: string) => problems.push(`${RULE_FILES[rule.kind]}: ${rule.id}: ${reason}`);
    const first = ids.get(rule.id);
    if (first === undefined) ids.set(rule.id, rule);
    else fail(`the id is taken by a rule of ${RULE_FILES[first.kind]}`);
    if (registrableDomain(rule.vendor) !== rule.vendor) fail('vendor: must be a registrable domain');
    const service = ONLY_SERVICE[rule.kind];
    if (service !== undefined && rule.service !== service) fail(`service: must be ${service} in this file`);
    if (rule.service === NOT_SERVICE[rule.kind]) fail(`service: must not be ${rule.service} in this file`);
  }
  for (const kind of RULE_KINDS)
    problems.push(
      ...checkPatterns(
        kind,
        rules.filter((rule) => rule.kind === kind),
      ),
    );
  return problems;
}

type Fail = (rule: Rule, reason: string) => void;
type RuleIndex = PatternIndex<{ readonly rule: Rule; readonly pattern: string }>;

/** What is wrong with the patterns and examples of the rules of one kind. */
function checkPatterns(kind: RuleKind, rules: readonly Rule[]): string[] {
  const problems: string[] = [];
  const fail: Fail = (rule, reason) => problems.push(`${RULE_FILES[kind]}: ${rule.id}: ${reason}`);
  const index: RuleIndex = createIndex(kind);
  for (const rule of rules) addPatterns(rule, index, fail);
  for (const rule of rules) checkExamples(rule, index, fail);
  return problems;
}

function addPatterns(rule: Rule, index: RuleIndex, fail: Fail): void {
  for (const pattern of rule.match) {
    const problem = index.problem(pattern);
    const taken = problem === undefined ? index.add(pattern, { rule, pattern }) : undefined;
    if (problem !== undefined) fail(rule, `match: ${pattern}: ${problem}`);
    if (taken !== undefined) fail(rule, `match: ${pattern}: ${taken.rule.id} has the same pattern`);
  }
}

/** Every pattern must be the one that decides one of its rule's examples, so that no rule lies in another's shadow. */
function checkExamples(rule: Rule, index: RuleIndex, fail: Fail): void {
  const decided = new Set<string>();
  for (const example of rule.example) {
    const found = index.find(example);
    if (found?.rule === rule) decided.add(found.pattern);
    else fail(rule, `example: ${example}: is matched by ${found?.rule.id ?? 'no rule'}`);
  }
  for (const pattern of rule.match) {
    if (!decided.has(pattern)) fail(rule, `match: ${pattern}: decides none of the examples`);
  }
  for (const near of rule.near) if (index.find(near)?.rule === rule) fail(rule, `near: ${near}: is matched`);
}

function nameOf(entry: unknown, index: number): string {
  const id = typeof entry === 'object' && entry !== null && 'id' in entry ? entry.id : undefined;
  return typeof id === 'string' ? id : `rule ${index + 1}`;
}

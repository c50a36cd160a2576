import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { registrableDomain } from '../identity/domain-name.ts';
import type { Service } from '../identity/service.ts';
import type { Detection, Detector } from './detection.ts';
import { type Entity, readEntities } from './entities.ts';
import { createHostIndex } from './pattern.ts';
import { readRules } from './read-rules.ts';
import { createIndex, type Rule, type RuleKind } from './rule.ts';

export type { Detection, Detector } from './detection.ts';

const ENTITY_LIST = 'third-party-web';

/** A detector of these rules (already checked) and entities. Look-ups walk the labels of a name, never the rules. */
export function createDetector(rules: readonly Rule[], entities: readonly Entity[]): Detector {
  const byKind = (kind: RuleKind) => {
    const index = createIndex<Detection>(kind);
    for (const rule of rules) {
      if (rule.kind !== kind) continue;
      const { id, vendor, service, confidence } = rule;
      for (const pattern of rule.match) index.add(pattern, { rule: id, vendor, service, confidence });
    }
    return index.find;
  };
  const hostRule = byKind('host');
  const entity = entityFinder(entities);
  return {
    host: (host) => hostRule(host) ?? entity(host),
    nameServer: byKind('ns'),
    mailExchange: byKind('mx'),
    canonicalName: byKind('cname'),
    verificationToken: byKind('txt'),
    spfInclude: byKind('spf'),
    issuer: byKind('issuer'),
  };
}

/**
 * Reads the rules and the entity list of a folder.
 * `digest` is the SHA-256 of all that decides a detection, in hexadecimal: comments, examples and order play no part.
 * @throws AppError CONFIG_INVALID with every problem, naming file, rule and reason.
 */
export async function loadDetector(folder: string): Promise<{ detector: Detector; digest: string }> {
  const { rules, entities } = await loadKnowledge(folder);
  return { detector: createDetector(rules, entities), digest: digestOf(rules, entities) };
}

/** What `loadDetector` builds its detector from. */
export async function loadKnowledge(folder: string): Promise<{ rules: readonly Rule[]; entities: readonly Entity[] }> {
  const rules = await readRules(folder);
  return { rules, entities: await readEntities(join(folder, ENTITY_LIST, 'entities.jsonl.gz')) };
}

/** See `loadDetector`. */
export function digestOf(rules: readonly Rule[], entities: readonly Entity[]): string {
  const lines = [
    ...rules.flatMap((r) => r.match.map((m) => JSON.stringify([r.kind, m, r.id, r.vendor, r.service, r.confidence]))),
    ...entities.flatMap((e) => e.patterns.map((pattern) => JSON.stringify([ENTITY_LIST, pattern, e.service]))),
  ];
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
}

/** A host's entity says what the host is for; who it belongs to is only its own registrable domain. */
function entityFinder(entities: readonly Entity[]): (host: string) => Detection | undefined {
  const index = createHostIndex<{ rule: string; service: Service }>();
  for (const { service, patterns } of entities) {
    for (const pattern of patterns) index.add(pattern, { rule: `${ENTITY_LIST}:${pattern}`, service });
  }
  return (host) => {
    const found = index.find(host);
    const vendor = found === undefined ? undefined : registrableDomain(host);
    if (found === undefined || vendor === undefined) return undefined;
    return { rule: found.rule, vendor, service: found.service, confidence: 1 };
  };
}

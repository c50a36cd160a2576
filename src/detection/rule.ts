import { z } from 'zod';
import { SERVICES, type Service } from '../identity/service.ts';
import { createHostIndex, createNameIndex, createTokenIndex, type PatternIndex } from './pattern.ts';

/** What a rule is about, with the file that holds its rules. */
export const RULE_FILES = {
  host: 'hosts.yaml',
  ns: 'name-servers.yaml',
  mx: 'mail-exchanges.yaml',
  cname: 'canonical-names.yaml',
  txt: 'verification-tokens.yaml',
  spf: 'spf-includes.yaml',
  issuer: 'certificate-issuers.yaml',
} as const;
export type RuleKind = keyof typeof RULE_FILES;
export const RULE_KINDS = Object.keys(RULE_FILES) as readonly RuleKind[];

/** An NS or MX answer is the whole set for its service, so its rules can't be of another; likewise an authority's. */
export const ONLY_SERVICE: Readonly<Partial<Record<RuleKind, Service>>> = {
  ns: 'DNS',
  mx: 'MAIL',
  issuer: 'CERTIFICATE_AUTHORITY',
};

/** What a name server answer is the whole of, another record of the same source can't add to. */
export const NOT_SERVICE: Readonly<Partial<Record<RuleKind, Service>>> = { cname: 'DNS', txt: 'DNS', spf: 'DNS' };

/** One piece of knowledge: what matches means this vendor and service. See detection/README.md. */
export interface Rule {
  readonly kind: RuleKind;
  /** Unique among all rules. */
  readonly id: string;
  readonly match: readonly string[];
  readonly vendor: string;
  readonly service: Service;
  readonly confidence: number;
  /** How one knows: one sentence. */
  readonly why: string;
  /** What the rule matches; at least one for each pattern. */
  readonly example: readonly string[];
  /** What comes close and isn't matched by this rule. */
  readonly near: readonly string[];
}

/** An empty index in the pattern language of the kind. */
export function createIndex<Value>(kind: RuleKind): PatternIndex<Value> {
  if (kind === 'txt') return createTokenIndex();
  if (kind === 'issuer') return createNameIndex();
  return createHostIndex();
}

const texts = z
  .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
  .transform((value) => (typeof value === 'string' ? [value] : value));

/** One entry of a rule file. */
export const ruleEntry = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be lower case words joined by -'),
  match: texts,
  vendor: z.string().min(1),
  service: z.enum(SERVICES),
  confidence: z.number().gt(0).max(1).default(1),
  why: z.string().min(10, 'must be a sentence'),
  example: texts,
  near: texts,
});

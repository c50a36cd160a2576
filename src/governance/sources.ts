import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { ANALYST } from '../graph/actions.ts';
import { STREAMS, type Stream } from '../stream/topics.ts';
import { readYaml } from '../yaml.ts';

/** Who may say something, and how far it is trusted. The words are explained in governance/sources.yaml. */
export interface Source {
  readonly id: string;
  readonly name: string;
  readonly team: string;
  readonly kind: 'sighting' | 'statement';
  /** The streams it may write. */
  readonly topics: readonly Stream[];
  /** Whose word on ownership counts first: 1 before 2. */
  readonly rank: number;
  /** Confidence in its claims before their own, 0 to 1. */
  readonly prior: number;
  /** Whole days until a claim that was not seen again is stale. */
  readonly freshDays: number;
  /** Hours from a document's time to the graph that its team promises. */
  readonly promiseHours?: number;
  readonly sensitiveFields: readonly string[];
  readonly licence: string;
  /** Whose source it is: what it says is seen by that tenant alone. Absent: everybody's. */
  readonly tenant?: string;
}

/** The declared sources; what is not among them is refused. */
export interface Sources {
  get(id: string): Source | undefined;
  /** In ascending order of id. */
  all(): readonly Source[];
}

/** The tenant of whoever asks without a token: no source belongs to it. */
export const NOBODYS_TENANT = 'public';

const source = z.strictObject({
  // An id is part of property names and of organization keys, so it stays this simple.
  id: z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case letters, digits and hyphens'),
  name: z.string().min(1),
  team: z.string().min(1),
  kind: z.enum(['sighting', 'statement']),
  topics: z.array(z.enum(STREAMS)).min(1),
  rank: z.number().int().min(1),
  prior: z.number().min(0).max(1),
  freshDays: z.number().int().min(1),
  promiseHours: z.number().positive().optional(),
  sensitiveFields: z.array(z.string().min(1)),
  licence: z.string().min(1),
  // It is part of a topic's name.
  tenant: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'must be at most 64 letters, digits, dots, hyphens and underscores')
    .refine((tenant) => tenant !== NOBODYS_TENANT, 'is the tenant of whoever asks without a token, and has no sources')
    .optional(),
});

/** A tenant's source states who uses what. Owners, merges, incidents and what crawlers see are public. */
function privateProblems({ id, tenant, kind, topics }: z.output<typeof source>): string[] {
  if (tenant === undefined) return [];
  const problems: string[] = [];
  if (id === ANALYST) problems.push(`sources: ${id} belongs to no tenant`);
  if (kind !== 'statement') problems.push(`sources: ${id} belongs to a tenant, so its kind must be statement`);
  if (topics.some((topic) => topic !== 'partner-relationships')) {
    problems.push(`sources: ${id} belongs to a tenant, so it may write partner-relationships only`);
  }
  return problems;
}

const file = z.strictObject({ sources: z.array(source).min(1) });

/**
 * Reads the declared sources and the digest that stands for what was read.
 * @throws AppError CONFIG_INVALID that names every problem of the file, all at once.
 */
export async function loadSources(path: string): Promise<{ readonly sources: Sources; readonly digest: string }> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new AppError('CONFIG_INVALID', 'The file of declared sources cannot be read', { path }, error);
  });
  const sources = parseSources(text);
  // Of the meaning and not of the file's bytes: a comment changes nothing that follows from the events.
  const digest = createHash('sha256').update(JSON.stringify(sources.all())).digest('hex');
  return { sources, digest };
}

/** Checks the text of a sources file. @throws AppError CONFIG_INVALID that names every problem. */
export function parseSources(text: string): Sources {
  const parsed = file.safeParse(readYaml('The declared sources', text));
  const problems = parsed.success
    ? [
        ...duplicates(parsed.data.sources.map((s) => s.id)).map((id) => `sources: ${id} is declared twice`),
        ...parsed.data.sources.flatMap(privateProblems),
      ]
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  if (!parsed.success || problems.length > 0) {
    throw new AppError('CONFIG_INVALID', `The declared sources are wrong: ${problems.join('; ')}`, { problems });
  }
  return createSources(
    parsed.data.sources.map(({ promiseHours, tenant, ...rest }) => ({
      ...rest,
      ...(promiseHours !== undefined && { promiseHours }),
      ...(tenant !== undefined && { tenant }),
    })),
  );
}

/** Sources that are already known to be right, as a look-up. */
export function createSources(declared: readonly Source[]): Sources {
  const byId = new Map(declared.map((s) => [s.id, s]));
  const sorted = [...declared].sort((a, b) => (a.id < b.id ? -1 : 1));
  return { get: (id) => byId.get(id), all: () => sorted };
}

/** Those that a tenant sees: everybody's and its own. Undefined: a tenant without any, who sees everybody's. */
export function sourcesSeenBy(sources: Sources, tenant: string | undefined): Sources {
  return createSources(sources.all().filter((source) => source.tenant === undefined || source.tenant === tenant));
}

/** The tenants that have sources of their own, in ascending order. */
export function tenantsOf(sources: Sources): readonly string[] {
  return [...new Set(sources.all().flatMap(({ tenant }) => (tenant === undefined ? [] : [tenant])))].sort();
}

function duplicates(ids: readonly string[]): string[] {
  return [...new Set(ids.filter((id, i) => ids.indexOf(id) !== i))];
}

import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { getPublicSuffix } from 'tldts';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import type { Service } from '../identity/service.ts';

/** An entity of the third-party-web list: a product or brand, and the hosts it is called by. */
export interface Entity {
  readonly name: string;
  readonly service: Service;
  /** Hosts, or `*.` and a domain: as the patterns of host rules. */
  readonly patterns: readonly string[];
}

/** The categories of third-party-web 0.30.0. */
const CATEGORY_SERVICES = {
  ad: 'ADVERTISING',
  analytics: 'ANALYTICS',
  utility: 'UTILITY',
  content: 'CONTENT',
  hosting: 'HOSTING',
  marketing: 'MARKETING',
  'customer-success': 'CUSTOMER_SUPPORT',
  'consent-provider': 'CONSENT',
  social: 'SOCIAL',
  cdn: 'CDN',
  'tag-manager': 'TAG_MANAGEMENT',
  video: 'VIDEO',
  other: 'OTHER',
} as const satisfies Record<string, Service>;
const CATEGORIES = Object.keys(CATEGORY_SERVICES) as (keyof typeof CATEGORY_SERVICES)[];

const line = z.object({
  name: z.string(),
  categories: z.array(z.enum(CATEGORIES)).length(1),
  domains: z.array(z.string()),
});

/**
 * Reads the entity list: gzip of JSON lines with `name`, `categories` (one) and `domains`.
 * A pattern for a whole public suffix (the list has `*.net.pl`) is left out: it would claim everybody under it.
 * @throws AppError CONFIG_INVALID naming each line at fault.
 */
export async function readEntities(path: string): Promise<readonly Entity[]> {
  const entities: Entity[] = [];
  const problems: string[] = [];
  const lines = gunzipSync(await readFile(path))
    .toString('utf8')
    .trimEnd()
    .split('\n');
  lines.forEach((text, index) => {
    const parsed = line.safeParse(parseLine(text));
    if (!parsed.success) {
      problems.push(
        ...parsed.error.issues.map((i) => `${path}: line ${index + 1}: ${[...i.path, i.message].join(': ')}`),
      );
      return;
    }
    const { name, categories, domains } = parsed.data;
    const patterns = domains.filter(
      (pattern) => getPublicSuffix(pattern.replace('*.', '')) !== pattern.replace('*.', ''),
    );
    for (const category of categories) entities.push({ name, service: CATEGORY_SERVICES[category], patterns });
  });
  if (problems.length > 0) {
    throw new AppError('CONFIG_INVALID', `The entity list is wrong:\n${problems.join('\n')}`, { problems });
  }
  return entities;
}

function parseLine(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

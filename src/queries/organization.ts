import { aliasesOf, mergeCandidatesOf, organizationsByKey } from '../graph/statements/organization.ts';
import type { QueryContext } from './context.ts';
import type { ExposureQueries, Organization } from './types.ts';

const PROVISIONAL = 'domain:';

export function toOrganization(key: string, name: string): Organization {
  return { key, name, provisional: key.startsWith(PROVISIONAL) };
}

export function createOrganizationQueries({
  reader,
}: QueryContext): Pick<ExposureQueries, 'organizations' | 'aliasesOf' | 'mergeCandidatesOf'> {
  return {
    async organizations(keys) {
      const rows = await reader.read(organizationsByKey, { keys });
      return new Map(rows.map(({ key, canonical, name }) => [key, toOrganization(canonical, name)]));
    },
    async aliasesOf(keys) {
      const rows = await reader.read(aliasesOf, { keys });
      return new Map(rows.map((row) => [row.key, row.others.map(({ key, name }) => ({ key, name: name ?? key }))]));
    },
    async mergeCandidatesOf(keys) {
      const rows = await reader.read(mergeCandidatesOf, { keys });
      return new Map(rows.map((row) => [row.key, row.others.map(({ key, name }) => toOrganization(key, name ?? key))]));
    },
  };
}

/** What stands today for each key, itself where nothing is known of it: a question may still be asked of it. */
export async function canonicalKeys(
  queries: Pick<ExposureQueries, 'organizations'>,
  keys: readonly string[],
): Promise<string[]> {
  const known = await queries.organizations(keys);
  return keys.map((key) => known.get(key)?.key ?? key);
}

import { AppError } from '../errors.ts';
import { integer } from '../graph/driver.ts';
import { type SearchRow, search } from '../graph/statements/search.ts';
import { matchName } from '../identity/organization-key.ts';
import type { QueryContext } from './context.ts';
import { toOrganization } from './organization.ts';
import { cursorKey, toPage } from './page.ts';
import type { ExposureQueries, SearchHit, SearchType } from './types.ts';

const ALL: readonly SearchType[] = ['DOMAIN', 'ORGANIZATION', 'INCIDENT'];

export function createSearchQueries({ reader }: QueryContext): Pick<ExposureQueries, 'search'> {
  return {
    async search({ text, types = [] }, page) {
      const trimmed = text.trim();
      if (trimmed === '') {
        throw new AppError('BAD_ARGUMENT', 'There is nothing to search for.');
      }
      const rows = await reader.read(search, {
        types: types.length === 0 ? ALL : types,
        text: trimmed,
        domain: trimmed.toLowerCase(),
        matchName: matchName(trimmed) || null,
        words: fullText(trimmed),
        after: cursorKey(page, 'number', 'string', 'string', 'string') ?? null,
        limit: integer(page.first + 1),
      });
      return toPage(rows, page, toHit, (row) => [row.rank, row.lowerName, row.type, row.key]);
    },
  };
}

/** Every word must begin a word of the title. Letters and digits only, so that nothing in it is an operator. */
function fullText(text: string): string | null {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.length === 0 ? null : words.map((word) => `${word}*`).join(' AND ');
}

function toHit({ type, key, name }: SearchRow): SearchHit {
  switch (type) {
    case 'DOMAIN':
      return { type, domain: key };
    case 'ORGANIZATION':
      return { type, organization: toOrganization(key, name) };
    case 'INCIDENT':
      return { type, incident: key };
  }
}

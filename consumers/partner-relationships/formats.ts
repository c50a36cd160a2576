import { splitRow } from '../csv.ts';
import type { Format } from '../format.ts';

/** The columns that a file of relationships must have; the others are in statement-fields.ts. */
export const RELATIONSHIP_COLUMNS = ['type', 'subject', 'object'] as const;
export const SITE_COLUMNS = ['rank', 'site', 'kind', 'provider', 'critical'] as const;
export const PROVIDER_COLUMNS = ['provider_kind', 'provider', 'kind', 'on_provider', 'critical'] as const;

function hasColumns(firstLine: string, columns: readonly string[]): boolean {
  const header = splitRow(firstLine);
  if ('refusal' in header) return false;
  const names = header.fields.map((name) => name.trim().toLowerCase());
  return columns.every((column) => names.includes(column));
}

/**
 * What partners deliver: statements as JSON lines or CSV, the entity list of third-party-web
 * (https://github.com/patrickhulce/third-party-web) with one entity a line, and the two dependency files of the IMC 2020
 * study (doi:10.1145/3419394.3423664).
 */
export const partnerRelationshipFormats: readonly Format[] = [
  {
    id: 'imc2020-providers-csv',
    framing: 'csv',
    recognise: (firstLine) => hasColumns(firstLine, PROVIDER_COLUMNS),
  },
  { id: 'imc2020-sites-csv', framing: 'csv', recognise: (firstLine) => hasColumns(firstLine, SITE_COLUMNS) },
  { id: 'relationships-csv', framing: 'csv', recognise: (firstLine) => hasColumns(firstLine, RELATIONSHIP_COLUMNS) },
  {
    id: 'entities-jsonl',
    framing: 'lines',
    recognise: (firstLine) => firstLine.startsWith('{') && firstLine.includes('"domains"'),
  },
  { id: 'relationships-jsonl', framing: 'lines', recognise: (firstLine) => firstLine.startsWith('{') },
];

import { normaliseHost, registrableDomain } from '../../src/identity/domain-name.ts';
import { splitRow } from '../csv.ts';
import type { Fault } from '../refusal.ts';

/** A line that was not understood, and why. The reason never repeats the line. */
export interface RefusedLine extends Fault {
  /** From 1. */
  readonly line: number;
}

export interface DomainList {
  /** Registrable domains, each once, in the order of the list. */
  readonly domains: readonly string[];
  /** Lines that name a domain, or should. */
  readonly lines: number;
  /** Lines whose domain an earlier one has named. */
  readonly repeated: number;
  readonly refused: readonly RefusedLine[];
}

/** What a column of domains may be called; without such a header the first column counts, from the first line on. */
const HEADERS: ReadonlySet<string> = new Set(['domain', 'domains', 'host', 'hostname', 'website']);

/**
 * Reads a CSV text of domains, one a line; hosts count as the domain they belong to. Each line stands for itself, so that
 * a stray quote costs one line and not the rest of the file; empty lines are passed over.
 * @example readDomainList('name,domain\nAcme,www.acme.example\n').domains // ['acme.example']
 */
export function readDomainList(csv: string): DomainList {
  const domains = new Set<string>();
  const refused: RefusedLine[] = [];
  const rows = csv.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  const first = rows.findIndex((row) => row.trim() !== '');
  const column = columnOf(rows[first] ?? '');
  let lines = 0;
  let repeated = 0;
  for (const [index, row] of rows.entries()) {
    if (row.trim() === '' || (index === first && column !== undefined)) continue;
    lines += 1;
    const read = readLine(row, column ?? 0);
    if ('refusal' in read) refused.push({ line: index + 1, ...read.refusal });
    else if (domains.has(read.domain)) repeated += 1;
    else domains.add(read.domain);
  }
  return { domains: [...domains], lines, repeated, refused };
}

function columnOf(header: string): number | undefined {
  const row = splitRow(header);
  if ('refusal' in row) return undefined;
  const column = row.fields.findIndex((name) => HEADERS.has(name.trim().toLowerCase()));
  return column < 0 ? undefined : column;
}

function readLine(row: string, column: number): { readonly domain: string } | { readonly refusal: Fault } {
  const split = splitRow(row);
  if ('refusal' in split) return split;
  const field = split.fields[column];
  if (field === undefined) {
    const reason = `${split.fields.length} columns, and the domain is in column ${column + 1}.`;
    return { refusal: { code: 'WRONG_COLUMN_COUNT', reason } };
  }
  const normal = normaliseHost(field);
  if ('refusal' in normal) return normal;
  const domain = registrableDomain(normal.host);
  if (domain !== undefined) return { domain };
  return { refusal: { code: 'NO_REGISTRABLE_DOMAIN', reason: 'Nobody can register this name.' } };
}

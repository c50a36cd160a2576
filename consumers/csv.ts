import { decodeText } from './json.ts';
import type { Fault } from './refusal.ts';

export type CsvRow = { readonly fields: readonly string[] } | { readonly refusal: Fault };
/** A row by the names of its columns. A map, so that a column called `__proto__` is only a name. */
export type CsvRecord = { readonly record: ReadonlyMap<string, string> } | { readonly refusal: Fault };

/**
 * Splits one CSV row (RFC 4180, comma, without its line end) into fields. A quoted field may hold commas, line breaks
 * and doubled quotes; a quote inside a field that doesn't begin with one is a character like any other.
 * @example splitRow('a,"b, ""c"""') // { fields: ['a', 'b, "c"'] }
 */
export function splitRow(row: string): CsvRow {
  const fields: string[] = [];
  let index = 0;
  for (;;) {
    if (row[index] === '"') {
      const end = closingQuote(row, index);
      if (end < 0 || (end + 1 < row.length && row[end + 1] !== ',')) {
        return { refusal: { code: 'UNCLOSED_QUOTE', reason: `Unclosed quote in column ${fields.length + 1}.` } };
      }
      fields.push(row.slice(index + 1, end).replaceAll('""', '"'));
      index = end + 1;
    } else {
      const comma = row.indexOf(',', index);
      const end = comma < 0 ? row.length : comma;
      fields.push(row.slice(index, end));
      index = end;
    }
    if (index >= row.length) return { fields };
    index++; // the comma
  }
}

function closingQuote(row: string, open: number): number {
  let at = row.indexOf('"', open + 1);
  while (at >= 0 && row[at + 1] === '"') at = row.indexOf('"', at + 2);
  return at;
}

/** Decodes and splits a row. */
export function readRow(bytes: Uint8Array): CsvRow {
  const decoded = decodeText(bytes);
  return 'refusal' in decoded ? decoded : splitRow(decoded.text);
}

/**
 * Reads a row by the names in its file's header line.
 * @param required columns without which the format makes no sense
 */
export function readRecord(columns: string, bytes: Uint8Array, required: readonly string[]): CsvRecord {
  const header = splitRow(columns);
  if ('refusal' in header) return header;
  const names = header.fields.map((name) => name.trim().toLowerCase());
  const missing = required.find((name) => !names.includes(name));
  if (missing !== undefined) {
    return { refusal: { code: 'MISSING_COLUMN', reason: `The header has no column ${missing}.` } };
  }
  if (new Set(names).size < names.length) {
    return { refusal: { code: 'MISSING_COLUMN', reason: 'The header names a column twice.' } };
  }
  const row = readRow(bytes);
  if ('refusal' in row) return row;
  if (row.fields.length !== names.length) {
    const reason = `${row.fields.length} columns where the header has ${names.length}.`;
    return { refusal: { code: 'WRONG_COLUMN_COUNT', reason } };
  }
  return { record: new Map(names.map((name, index) => [name, row.fields[index] ?? ''])) };
}

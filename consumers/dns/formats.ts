import { type NameFault, normaliseHost } from '../../src/identity/domain-name.ts';
import { isRecord, itemsOf, recordOf, textOf } from '../fields.ts';
import type { Format } from '../format.ts';
import type { Fault } from '../refusal.ts';
import { type Label, readColumns, readLabel, readSite, type Site } from '../webdep.ts';

/**
 * zdns version 2 (github.com/zmap/zdns): one line a name, with the answer of each module that looked it up. And rows of
 * WebDep: `bucket,site,provider,label` of DNS or, named with --format since it looks the same, of CDN;
 * `bucket,site,provider,label,nameserver` of name servers.
 */
export const dnsFormats: readonly Format[] = [
  { id: 'zdns', framing: 'lines', recognise: (line) => line.startsWith('{') && line.includes('"results"') },
  { id: 'webdep-dns', framing: 'csv-without-header', recognise: (line) => /^\d+,[^,]*,[^,]*,[^,]*$/.test(line) },
  { id: 'webdep-ns', framing: 'csv-without-header', recognise: (line) => /^\d+(?:,[^,]*){4}$/.test(line) },
  { id: 'webdep-cdn', framing: 'csv-without-header', recognise: () => false },
];

/** One record of an answer, as zdns gives it. */
export interface DnsRecord {
  readonly index: number;
  readonly type: string;
  /** Whose record it is; empty where zdns leaves it out. */
  readonly name: string;
  readonly answer: string;
}

/** What one module of zdns found of a name. */
export interface DnsLookup {
  /** `NS`, `MX`, `CNAME`, `TXT`, `A`, `AAAA`, … */
  readonly module: string;
  readonly status: string;
  readonly timestamp: unknown;
  /** Absent where zdns gave no data. */
  readonly answers: readonly DnsRecord[] | undefined;
}

export interface ZdnsLine {
  /** What was looked up: the name with the prefix or override that zdns put to it. */
  readonly name: string;
  readonly lookups: readonly DnsLookup[];
}

/** Reads a line of zdns. */
export function readZdns(value: unknown): ZdnsLine | { readonly refusal: Fault } {
  const line = recordOf(value);
  const name = textOf(line.altered_name) ?? textOf(line.name);
  if (name === undefined) return { refusal: { code: 'FIELD_MISSING', reason: 'name is missing.' } };
  if (!isRecord(line.results)) return { refusal: { code: 'FIELD_MISSING', reason: 'results is missing.' } };
  return {
    name,
    lookups: Object.entries(line.results).map(([module, result]) => readLookup(module, recordOf(result))),
  };
}

function readLookup(module: string, result: Readonly<Record<string, unknown>>): DnsLookup {
  const { data, status, timestamp } = result;
  const answers = isRecord(data) ? itemsOf(data.answers).map(readRecord) : undefined;
  return { module, status: textOf(status) ?? '', timestamp, answers };
}

function readRecord(item: unknown, index: number): DnsRecord {
  const { type, name, answer } = recordOf(item);
  return { index, type: textOf(type) ?? '', name: textOf(name) ?? '', answer: textOf(answer) ?? '' };
}

/** A row of WebDep's DNS, name server and CDN files. */
export interface MeasurementRow {
  readonly site: Site;
  readonly provider: string;
  readonly label: Label;
  /** Only in the name server file. */
  readonly nameServer: string | undefined;
}

export function readMeasurement(bytes: Uint8Array, columns: 4 | 5): MeasurementRow | { refusal: Fault | NameFault } {
  const row = readColumns(bytes, [columns]);
  if ('refusal' in row) return row;
  const [, siteField = '', provider = '', labelField = '', nameServerField] = row.fields;
  const site = readSite(siteField);
  if ('refusal' in site) return site;
  const label = readLabel(labelField);
  if ('refusal' in label) return label;
  if (nameServerField === undefined) return { site, provider, label: label.label, nameServer: undefined };
  const nameServer = normaliseHost(nameServerField);
  if ('refusal' in nameServer) return nameServer;
  return { site, provider, label: label.label, nameServer: nameServer.host };
}

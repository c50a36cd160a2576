import type { NameFault } from '../../src/identity/domain-name.ts';
import { isRecord, itemsOf, recordOf, textOf } from '../fields.ts';
import type { Format } from '../format.ts';
import type { Fault } from '../refusal.ts';
import { type Label, readColumns, readLabel, readSite, type Site } from '../webdep.ts';

/**
 * zgrab2 (github.com/zmap/zgrab2): one line a host, with the certificate that each module was shown. x509: one parsed
 * certificate a line, as zcrypto writes it. WebDep: `bucket,site,ca,label,stapled`, or
 * `bucket,site,ocsp host,ca name,label,stapled` where the OCSP host was of no known CA.
 */
export const certificateFormats: readonly Format[] = [
  { id: 'zgrab', framing: 'lines', recognise: (line) => line.startsWith('{') && line.includes('"data"') },
  { id: 'x509', framing: 'lines', recognise: (line) => line.startsWith('{') && line.includes('"parsed"') },
  {
    id: 'webdep-ca',
    framing: 'csv-without-header',
    recognise: (line) => /^\d+,.*,(?:Third|Pvt|unknown),(?:True|False)$/.test(line),
  },
];

/** What a certificate says of itself. */
export interface Certificate {
  readonly issuerOrganization: string | undefined;
  readonly isSelfSigned: boolean;
  /** ISO 8601, as far as given. */
  readonly validFrom: unknown;
  readonly validUntil: unknown;
  /** Its alternative DNS names as they are; what is no text is an empty one. */
  readonly dnsNames: readonly string[];
}

/** One certificate, and who showed it. */
export interface Scan {
  /** `data.tls`; `parsed` where there was no scan. */
  readonly record: string;
  /** The host that presented it, as the scan names it; absent where it was found without one, or by its address. */
  readonly scanned: string | undefined;
  readonly timestamp: unknown;
  /** Whether OCSP was stapled; absent where that was not measured. */
  readonly stapled: boolean | undefined;
  readonly certificate: Certificate;
}

export interface Scans {
  readonly scans: readonly Scan[];
  /** Modules that failed, or showed no certificate. */
  readonly filtered: number;
}

/** Reads a line of zgrab2. */
export function readZgrab(value: unknown): Scans | { readonly refusal: Fault } {
  const line = recordOf(value);
  if (!isRecord(line.data)) return { refusal: { code: 'FIELD_MISSING', reason: 'data is missing.' } };
  const modules = Object.entries(line.data);
  const scans = modules.flatMap(([name, module]) => readModule(name, recordOf(module), textOf(line.domain)));
  return { scans, filtered: modules.length - scans.length };
}

/** @returns one scan, or none where the module failed or showed no certificate */
function readModule(name: string, module: Readonly<Record<string, unknown>>, domain: string | undefined): Scan[] {
  if (module.status !== 'success') return [];
  const result = recordOf(module.result);
  // The tls module itself; a protocol on top of TLS; http, whose redirects may have ended at another host.
  const request = recordOf(recordOf(result.response).request);
  const log = [result, recordOf(result.tls), recordOf(request.tls_log)].find((at) => isRecord(at.handshake_log));
  const handshake = recordOf(log?.handshake_log);
  const parsed = recordOf(recordOf(handshake.server_certificates).certificate).parsed;
  if (!isRecord(parsed)) return [];
  const stapled = recordOf(handshake.server_hello).ocsp_stapling;
  return [
    {
      record: `data.${name}`,
      scanned: textOf(recordOf(request.url).host)?.replace(/:\d{1,5}$/, '') ?? domain,
      timestamp: module.timestamp,
      stapled: typeof stapled === 'boolean' ? stapled : undefined,
      certificate: readCertificate(parsed),
    },
  ];
}

/** Reads a line with a parsed certificate that nobody presented. */
export function readX509(value: unknown): Scans | { readonly refusal: Fault } {
  const { parsed } = recordOf(value);
  if (!isRecord(parsed)) return { refusal: { code: 'FIELD_MISSING', reason: 'parsed is missing.' } };
  const certificate = readCertificate(parsed);
  return {
    scans: [{ record: 'parsed', scanned: undefined, timestamp: undefined, stapled: undefined, certificate }],
    filtered: 0,
  };
}

function readCertificate(parsed: Readonly<Record<string, unknown>>): Certificate {
  const validity = recordOf(parsed.validity);
  const alternatives = recordOf(recordOf(parsed.extensions).subject_alt_name);
  return {
    issuerOrganization: itemsOf(recordOf(parsed.issuer).organization)
      .map(textOf)
      .find((name) => name !== undefined),
    isSelfSigned: recordOf(parsed.signature).self_signed === true,
    validFrom: validity.start,
    validUntil: validity.end,
    dnsNames: itemsOf(alternatives.dns_names).map((name) => textOf(name) ?? ''),
  };
}

/** A row of WebDep's CA files. */
export interface AuthorityRow {
  readonly site: Site;
  readonly authority: string;
  readonly label: Label;
  readonly stapled: boolean;
  /** The OCSP host; absent where the file names only the authority. */
  readonly ocspHost: string | undefined;
}

export function readAuthorityRow(bytes: Uint8Array): AuthorityRow | { readonly refusal: Fault | NameFault } {
  const row = readColumns(bytes, [5, 6]);
  if ('refusal' in row) return row;
  const site = readSite(row.fields[1] ?? '');
  if ('refusal' in site) return site;
  const [authority = '', labelField = '', stapled] = row.fields.slice(-3);
  const label = readLabel(labelField);
  if ('refusal' in label) return label;
  if (stapled !== 'True' && stapled !== 'False') {
    return { refusal: { code: 'FIELD_INVALID', reason: 'stapled is neither True nor False.' } };
  }
  const ocspHost = row.fields.length === 6 ? row.fields[2] : undefined;
  return { site, authority, label: label.label, stapled: stapled === 'True', ocspHost };
}

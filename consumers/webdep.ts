import type { Reference } from '../src/graph/actions.ts';
import { type NameFault, normaliseHost, registrableDomain } from '../src/identity/domain-name.ts';
import { organizationKey } from '../src/identity/organization-key.ts';
import { readRow } from './csv.ts';
import type { RawDocument } from './document.ts';
import { type Fault, quote } from './refusal.ts';

/**
 * The rows of the WebDep measurement files (github.com/AqsaKashaf/Webdep): who serves a site, by whose judgement.
 * Every file begins with `bucket,site` (the bucket is the site's rank magnitude and not read further).
 */

/** `Third`: a third party. `Pvt`: the site serves itself. `unknown`: the measurement couldn't tell. */
export const LABELS = ['Third', 'Pvt', 'unknown'] as const;
export type Label = (typeof LABELS)[number];

export interface Site {
  readonly host: string;
  readonly domain: string;
}

/** Who serves the site. */
export interface Party {
  readonly object: Reference;
  /** Where the object is an organization: its name. */
  readonly name: string;
  /** The provider as the row names it. */
  readonly label: string;
  readonly confidence: number;
}

const UNKNOWN_CONFIDENCE = 0.5;

/** Splits a row and checks how many columns it has. */
export function readColumns(
  bytes: Uint8Array,
  expected: readonly number[],
): { fields: readonly string[] } | { refusal: Fault } {
  const row = readRow(bytes);
  if ('refusal' in row) return row;
  const fields = row.fields.map((field) => field.trim());
  if (!expected.includes(fields.length)) {
    const reason = `The row has ${fields.length} columns; the format has ${expected.join(' or ')}.`;
    return { refusal: { code: 'WRONG_COLUMN_COUNT', reason } };
  }
  return { fields };
}

export function readSite(field: string): Site | { refusal: Fault | NameFault } {
  if (field === '') return missing('site');
  const normalised = normaliseHost(field);
  if ('refusal' in normalised) return normalised;
  const domain = registrableDomain(normalised.host);
  return domain === undefined
    ? { refusal: { code: 'NO_REGISTRABLE_DOMAIN', reason: 'The site has no registrable domain.' } }
    : { host: normalised.host, domain };
}

export function readLabel(field: string): { label: Label } | { refusal: Fault } {
  const label = LABELS.find((known) => known === field);
  if (label !== undefined) return { label };
  return { refusal: { code: 'FIELD_INVALID', reason: `label is ${quote(field)} and none of ${LABELS.join(', ')}.` } };
}

/**
 * Who a provider's label stands for. A third party is an organization by its label, which is a group's name even where
 * it looks like a domain; a site that serves itself is its own provider; an unknown one is a domain where it reads as
 * one, because it is then a name server's.
 */
export function readParty(
  source: string,
  site: Site,
  label: Label,
  provider: string,
): Party | { refusal: Fault | NameFault } {
  if (provider === '') return missing('provider');
  const organization = organizationKey(source, provider);
  if ('refusal' in organization) return organization;
  const { key, name } = organization;
  const confidence = label === 'unknown' ? UNKNOWN_CONFIDENCE : 1;
  const domain = label === 'Pvt' ? site.domain : label === 'unknown' ? domainOf(provider) : undefined;
  return domain === undefined
    ? { object: { kind: 'organization', key }, name, label: name, confidence }
    : { object: { kind: 'domain', name: domain }, name: '', label: name, confidence };
}

function domainOf(text: string): string | undefined {
  const normalised = normaliseHost(text);
  return 'refusal' in normalised ? undefined : registrableDomain(normalised.host);
}

/** Measurement rows state no time of their own. */
export function observedAt(document: RawDocument): { time: number } | { refusal: Fault } {
  if (document.observedAt !== undefined) return { time: document.observedAt };
  return { refusal: { code: 'TIME_MISSING', reason: 'The format states no time, and --observed-at is not given.' } };
}

function missing(field: string): { refusal: Fault } {
  return { refusal: { code: 'FIELD_MISSING', reason: `${field} is missing.` } };
}

import type { Sources } from '../../src/governance/sources.ts';
import { type NameFault, normaliseHost, registrableDomain } from '../../src/identity/domain-name.ts';
import { organizationKey } from '../../src/identity/organization-key.ts';
import type { EndKind } from './statement-fields.ts';

/** A registrable domain, and the host by which it was stated. */
export type DomainEnd = { readonly kind: 'domain'; readonly name: string; readonly host: string };
/**
 * An organization, and its name as the source spells it: empty where the source gave a key and no name.
 * `isNamedByDomain`: the name is that of its domain, for want of one.
 */
export type OrganizationEnd = {
  readonly kind: 'organization';
  readonly key: string;
  readonly spelling: string;
  readonly isNamedByDomain?: boolean;
};
/** One end of a statement. */
export type End = DomainEnd | OrganizationEnd;

export type ReadEnd = { readonly end: End } | { readonly refusal: NameFault };

const PREFIXED = /^\s*([a-z][a-z0-9-]*)\s*:(.*)$/is;

/**
 * Reads a label as `source` uses it. A full key needs no `kind`: `domain:<name>` is that domain, `lei:<identifier>` an
 * organization, and so is `<source>:<label>` where the source is declared (`imc2020:cloudflare`). Everything else is a
 * domain name or the source's own label, as `kind` says.
 */
export function readEnd(label: string, kind: EndKind, source: string, sources: Sources): ReadEnd {
  const [, prefix = '', rest = ''] = PREFIXED.exec(label) ?? [];
  const id = prefix.toLowerCase();
  if (id === 'domain') return readDomain(rest);
  if (sources.get(id) !== undefined) return readOrganization(id, rest, '');
  if (id === 'lei' || kind === 'organization') return readOrganization(source, label);
  return readDomain(label);
}

function readDomain(label: string): ReadEnd {
  const normal = normaliseHost(label);
  if ('refusal' in normal) return normal;
  const domain = registrableDomain(normal.host);
  if (domain !== undefined) return { end: { kind: 'domain', name: domain, host: normal.host } };
  const what = normal.host.includes('.') ? 'A public suffix, with no registrable domain.' : 'No registrable domain.';
  return { refusal: { code: 'NO_REGISTRABLE_DOMAIN', reason: what } };
}

/** @param spelling the name, where the label is a key and therefore no spelling that the source gave */
function readOrganization(source: string, label: string, spelling?: string): ReadEnd {
  const read = organizationKey(source, label);
  return 'refusal' in read ? read : { end: { kind: 'organization', key: read.key, spelling: spelling ?? read.name } };
}

/** What an end is known by: the key of the messages about it. */
export function identityOf(end: End): string {
  return end.kind === 'domain' ? end.name : end.key;
}

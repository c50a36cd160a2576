import type { Sources } from '../../src/governance/sources.ts';
import { normaliseHost, registrableDomain } from '../../src/identity/domain-name.ts';
import { organizationKey } from '../../src/identity/organization-key.ts';
import { checkTime, type FanOut, type RawDocument, type TypedEvent } from '../document.ts';
import { isRecord, textOf } from '../fields.ts';
import { type Fault, PUBLIC_ONLY, type Refusal, refuseAt } from '../refusal.ts';
import type { DomainEnd, OrganizationEnd } from './end.ts';
import { belongsToEvent } from './events.ts';

/**
 * Fans one entity of third-party-web out: each registrable domain among its patterns belongs to its company, or to
 * itself where it has none. A pattern for hosts below a registrable domain (`*.mail.example.com`, a single host of a
 * platform) says nothing of who owns that domain, and is filtered.
 */
export function fanOutEntity(value: unknown, document: RawDocument, sources: Sources): FanOut {
  const entity =
    sources.get(document.source)?.tenant === undefined ? readEntity(value, document) : { refusal: PUBLIC_ONLY };
  if ('refusal' in entity) return { events: [], refused: [refuseAt(document.place, entity.refusal)], filtered: 0 };
  const events: TypedEvent[] = [];
  const refused: Refusal[] = [];
  const said = new Set<string>();
  let filtered = 0;
  for (const [index, pattern] of entity.patterns.entries()) {
    const record = `domains[${index}]`;
    const owned = readPattern(pattern);
    if ('refusal' in owned) {
      refused.push(refuseAt(`${document.place} ${record}`, owned.refusal));
    } else if (owned.domain === undefined || said.has(owned.domain.name)) {
      filtered++;
    } else {
      said.add(owned.domain.name);
      const stating = { document, record, time: entity.time, retracted: false, confidence: 1, tenant: undefined };
      events.push(belongsToEvent(owned.domain, entity.organization, stating));
    }
  }
  return { events, refused, filtered };
}

interface Entity {
  readonly organization: OrganizationEnd;
  readonly patterns: readonly unknown[];
  readonly time: number;
}

function readEntity(value: unknown, document: RawDocument): Entity | { readonly refusal: Fault } {
  if (!isRecord(value)) return { refusal: { code: 'FIELD_INVALID', reason: 'The line is not an object.' } };
  const label = textOf(value.company) ?? textOf(value.name);
  if (label === undefined) return { refusal: { code: 'FIELD_MISSING', reason: 'name is missing.' } };
  if (!Array.isArray(value.domains)) return { refusal: { code: 'FIELD_MISSING', reason: 'domains is missing.' } };
  const read = organizationKey(document.source, label);
  if ('refusal' in read) return read;
  // The list has no time of its own.
  if (document.observedAt === undefined) {
    return { refusal: { code: 'TIME_MISSING', reason: 'An entity states no time, so --observed-at has to.' } };
  }
  const wrong = checkTime(document.observedAt, document);
  if (wrong !== undefined) return { refusal: wrong };
  const organization: OrganizationEnd = { kind: 'organization', key: read.key, spelling: read.name };
  return { organization, patterns: value.domains, time: document.observedAt };
}

/** @returns the registrable domain that a pattern stands for, or none where it stands for hosts below one */
function readPattern(pattern: unknown): { readonly domain: DomainEnd | undefined } | { readonly refusal: Fault } {
  if (typeof pattern !== 'string') return { refusal: { code: 'FIELD_INVALID', reason: 'The pattern is not text.' } };
  const normal = normaliseHost(pattern);
  if ('refusal' in normal) return normal;
  const name = registrableDomain(normal.host);
  if (name === undefined) {
    return { refusal: { code: 'NO_REGISTRABLE_DOMAIN', reason: 'A public suffix, which nobody owns.' } };
  }
  return { domain: name === normal.host ? { kind: 'domain', name, host: normal.host } : undefined };
}

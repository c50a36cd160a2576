import type { Sources } from '../../src/governance/sources.ts';
import { normaliseHost, registrableDomain } from '../../src/identity/domain-name.ts';
import type { Service } from '../../src/identity/service.ts';
import { checkTime, type RawDocument } from '../document.ts';
import { type Fault, quote } from '../refusal.ts';
import { type End, type ReadEnd, readEnd } from './end.ts';
import { usesEvent } from './events.ts';
import type { Stated } from './statement.ts';

type Row = ReadonlyMap<string, string>;

const SERVICE_OF_KIND: ReadonlyMap<string, Service> = new Map([
  ['dns', 'DNS'],
  ['cdn', 'CDN'],
  ['ca', 'CERTIFICATE_AUTHORITY'],
]);

/** A row of the study's site file: the site uses a provider. */
export function stateSite(row: Row, document: RawDocument, sources: Sources): Stated {
  const site = readSite(row.get('site') ?? '');
  if ('refusal' in site) return inColumn('site', site.refusal);
  return stateUse(site.end, 'provider', row, document, sources);
}

/**
 * A row of the study's provider file: one provider uses another. One that uses itself is kept: it is its own
 * alternative.
 */
export function stateProvider(row: Row, document: RawDocument, sources: Sources): Stated {
  const provider = readEnd(row.get('provider') ?? '', 'organization', document.source, sources);
  if ('refusal' in provider) return inColumn('provider', provider.refusal);
  return stateUse(provider.end, 'on_provider', row, document, sources);
}

/** A provider is one organization named by its label, whatever it is used for. */
function stateUse(subject: End, column: string, row: Row, document: RawDocument, sources: Sources): Stated {
  const provider = readEnd(row.get(column) ?? '', 'organization', document.source, sources);
  if ('refusal' in provider) return inColumn(column, provider.refusal);
  const kind = row.get('kind') ?? '';
  const service = SERVICE_OF_KIND.get(kind);
  if (service === undefined) {
    const reason = `Unknown kind ${quote(kind)}; known are ${[...SERVICE_OF_KIND.keys()].join(', ')}.`;
    return { refusal: { code: 'UNKNOWN_SERVICE', reason } };
  }
  const critical = row.get('critical');
  if (critical !== 'true' && critical !== 'false') {
    return { refusal: { code: 'FIELD_INVALID', reason: 'critical is neither true nor false.' } };
  }
  // The files have no time of their own.
  const time = document.observedAt;
  if (time === undefined) {
    return { refusal: { code: 'TIME_MISSING', reason: 'A row states no time, so --observed-at has to.' } };
  }
  const wrong = checkTime(time, document);
  if (wrong !== undefined) return { refusal: wrong };
  const tenant = sources.get(document.source)?.tenant;
  const stating = { document, record: '', time, retracted: false, confidence: 1, tenant };
  return { events: [usesEvent(subject, service, provider.end, critical === 'true', stating)] };
}

/**
 * A measured site is a site, even where its name became a public suffix since (`gov.cz`): then the name is the domain.
 * A partner who states something of a bare suffix is mistaken; here somebody has seen it answer.
 */
function readSite(label: string): ReadEnd {
  const normal = normaliseHost(label);
  if ('refusal' in normal) return normal;
  const name = registrableDomain(normal.host) ?? (normal.host.includes('.') ? normal.host : undefined);
  return name === undefined
    ? { refusal: { code: 'NO_REGISTRABLE_DOMAIN', reason: 'No registrable domain.' } }
    : { end: { kind: 'domain', name, host: normal.host } };
}

function inColumn(column: string, { code, reason }: Fault): Stated {
  return { refusal: { code, reason: `${column}: ${reason}` } };
}

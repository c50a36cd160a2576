import { normaliseHost, registrableDomain } from '../../src/identity/domain-name.ts';
import type { Fault } from '../refusal.ts';

/** Where a request went: a host of a domain; nowhere that anybody can register; or it can't be told. */
export type Address =
  | { readonly kind: 'host'; readonly host: string; readonly domain: string }
  | { readonly kind: 'no-domain' }
  | { readonly kind: 'refused'; readonly fault: Fault };

const NO_DOMAIN: Address = { kind: 'no-domain' };
const WEB_SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:', 'ws:', 'wss:']);
const SCHEME = /^[a-z][a-z0-9+.-]*:/;
/** Long enough for any scheme; a `data:` URL of megabytes is not looked at further. */
const SCHEME_WINDOW = 64;

/**
 * Takes the host out of a URL and lets go of everything else: user, password, path and query may hold secrets, so no
 * reason repeats any of it. `data:`, `blob:`, `about:` and extension URLs, IP addresses and names such as `localhost`
 * have no domain.
 */
export function readAddress(url: string | undefined): Address {
  if (url === undefined) return refused({ code: 'FIELD_MISSING', reason: 'request.url is missing.' });
  const scheme = SCHEME.exec(url.slice(0, SCHEME_WINDOW).trimStart().toLowerCase())?.[0];
  if (scheme !== undefined && !WEB_SCHEMES.has(scheme)) return NO_DOMAIN;
  const hostname = scheme === undefined ? undefined : hostnameOf(url);
  if (hostname === undefined || hostname === '') {
    return refused({ code: 'FIELD_INVALID', reason: 'request.url is not an absolute URL.' });
  }
  const normalised = normaliseHost(hostname);
  if ('refusal' in normalised) {
    return normalised.refusal.code === 'IP_ADDRESS' ? NO_DOMAIN : refused(normalised.refusal);
  }
  const domain = registrableDomain(normalised.host);
  return domain === undefined ? NO_DOMAIN : { kind: 'host', host: normalised.host, domain };
}

/** By the WHATWG parser, as the browser did; path and query are cut off before, because they may be long. */
function hostnameOf(url: string): string | undefined {
  const end = url.search(/[?#]/);
  try {
    return new URL(end < 0 ? url : url.slice(0, end)).hostname;
  } catch {
    return undefined;
  }
}

function refused(fault: Fault): Address {
  return { kind: 'refused', fault };
}

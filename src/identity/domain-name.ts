import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { parse } from 'tldts';

/** What is wrong with a name. The codes are a part of those in consumers/refusal.ts. */
export interface NameFault {
  readonly code:
    | 'NAME_EMPTY'
    | 'NAME_TOO_LONG'
    | 'NAME_WITHOUT_LETTER'
    | 'EMPTY_LABEL'
    | 'CHARACTER_NOT_ALLOWED'
    | 'INVALID_IDNA'
    | 'IP_ADDRESS'
    | 'NOT_A_DOMAIN_NAME'
    | 'NO_REGISTRABLE_DOMAIN'
    | 'INVALID_IDENTIFIER';
  /** One sentence. It never repeats the name, which may be a URL with a password in it. */
  readonly reason: string;
}

export type NormalisedHost = { readonly host: string } | { readonly refusal: NameFault };

const LONGEST_NAME = 253;
const LONGEST_LABEL = 63;
/** No name is longer before IDNA shortens it; what is longer isn't even looked at. */
const LONGEST_INPUT = 2000;

const NORMAL = /^[a-z0-9_.-]+$/;
/** Control, format (bidirectional marks, zero-width) and broken characters; the two joiners are left to IDNA. */
const NEVER_ALLOWED = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/u;
const OF_A_URL = /[/:?#@\\[\]%]/;
const NUMERIC_END = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/;

const refused = (code: NameFault['code'], reason: string) => ({ refusal: { code, reason } });

const codePoint = (character: string) =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

/**
 * Brings a host name to its one normal form: trimmed, lower case, IDNA in ASCII, without trailing dot and without a
 * wildcard's `*.`. An underscore is legal in DNS and stays.
 * @example normaliseHost(' *.Bücher.example. ') // { host: 'xn--bcher-kva.example' }
 */
export function normaliseHost(text: string): NormalisedHost {
  if (text.length > LONGEST_INPUT)
    return refused('NAME_TOO_LONG', `The name is longer than ${LONGEST_NAME} characters.`);
  const trimmed = text.trim();
  if (trimmed === '') return refused('NAME_EMPTY', 'The name is empty.');
  const name = trimmed.startsWith('*.') ? trimmed.slice(2) : trimmed;
  const ascii = toAscii(name);
  if (typeof ascii !== 'string') return ascii;
  return checkShape(ascii.endsWith('.') ? ascii.slice(0, -1) : ascii);
}

function toAscii(name: string): string | { readonly refusal: NameFault } {
  if (NORMAL.test(name) && !name.includes('xn--')) return name;
  const forbidden = NEVER_ALLOWED.exec(name);
  if (forbidden !== null) {
    return refused('CHARACTER_NOT_ALLOWED', `The name holds ${codePoint(forbidden[0])}, a character not allowed.`);
  }
  if (isIP(name.replace(/^\[|\]$/g, '')) !== 0) return refused('IP_ADDRESS', 'An IP address, not a domain name.');
  if (OF_A_URL.test(name)) return refused('NOT_A_DOMAIN_NAME', 'Not a domain name but a URL or an address.');
  const other = /[\s!"$&'()*+,;<=>^`{|}~]/.exec(name);
  if (other !== null) {
    return refused('CHARACTER_NOT_ALLOWED', `The name holds ${codePoint(other[0])}, a character not allowed.`);
  }
  const ascii = domainToASCII(name);
  if (ascii !== '' || name === '') return ascii;
  return NUMERIC_END.test(name)
    ? refused('IP_ADDRESS', 'An IP address, not a domain name.')
    : refused('INVALID_IDNA', 'An invalid IDNA name.');
}

function checkShape(host: string): NormalisedHost {
  if (host === '') return refused('EMPTY_LABEL', 'The name has an empty label.');
  // IDNA maps some characters to such as no host has: `⑴` to `(1)`.
  if (!NORMAL.test(host)) return refused('CHARACTER_NOT_ALLOWED', 'The name holds a character not allowed.');
  if (host.length > LONGEST_NAME)
    return refused('NAME_TOO_LONG', `The name is longer than ${LONGEST_NAME} characters.`);
  for (const label of host.split('.')) {
    if (label === '') return refused('EMPTY_LABEL', 'The name has an empty label.');
    if (label.length > LONGEST_LABEL) {
      return refused('NAME_TOO_LONG', `The name has a label longer than ${LONGEST_LABEL} characters.`);
    }
  }
  if (NUMERIC_END.test(host)) return refused('IP_ADDRESS', 'An IP address, not a domain name.');
  return { host };
}

/** The host is normal already, so `tldts` need not look for one in a URL, nor judge its characters again. */
const WITH_PRIVATE = { allowPrivateDomains: true, extractHostname: false, validateHostname: false } as const;

/**
 * The domain that a normalised host belongs to: one label below its public suffix, private suffixes counted. A bare
 * private suffix (`github.io`) is the platform itself.
 * @returns undefined where nobody can register it: `co.uk`, `localhost`
 * @example registrableDomain('www.somebody.github.io') // 'somebody.github.io'
 */
export function registrableDomain(host: string): string | undefined {
  const parsed = parse(host, WITH_PRIVATE);
  return parsed.domain ?? (parsed.isPrivate === true ? host : undefined);
}

/**
 * The platform under whose private suffix a domain lies, as a domain name.
 * @example privateSuffix('somebody.github.io') // 'github.io'
 */
export function privateSuffix(domain: string): string | undefined {
  const { isPrivate, publicSuffix } = parse(domain, WITH_PRIVATE);
  return isPrivate === true && publicSuffix !== null && publicSuffix !== domain ? publicSuffix : undefined;
}

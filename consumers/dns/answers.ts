import type { Detection, Detector } from '../../src/detection/detector.ts';
import type { Service } from '../../src/identity/service.ts';
import { type Refusal, refuse, refuseAt } from '../refusal.ts';
import type { DnsLookup, DnsRecord } from './formats.ts';
import { type Answer, type Context, type Provider, providerOf, readTarget, type Target } from './provider.ts';
import { readTexts } from './texts.ts';

/** Something in the answer makes all of it worthless. */
export interface Worthless {
  readonly refusal: Refusal;
}

/** Where a rule doesn't know the target, its own domain is the provider: surely for NS and MX, whose service is certain. */
const OWN_NAME_CONFIDENCE = 0.8;
/** An alias to an unknown host: something there serves the name, and nobody knows what. */
const UNKNOWN_ALIAS = { service: 'OTHER', confidence: 0.5 } as const;
/** DNS answers have at most some dozens of records; a thousand is an attack or a mistake. */
const MOST_RECORDS = 1000;

/**
 * Reads a successful look-up (NOERROR or NXDOMAIN) of `target`.
 * @returns undefined for a module that says nothing AVD keeps
 */
export function readAnswer(
  lookup: DnsLookup,
  target: Target,
  detector: Detector,
  place: string,
): Answer | Worthless | undefined {
  const path = `results.${lookup.module}`;
  const answers = lookup.answers ?? [];
  if (answers.length > MOST_RECORDS) {
    return {
      refusal: refuse('TOO_MANY', `${place} ${path}`, `${answers.length} records; at most ${MOST_RECORDS} are read.`),
    };
  }
  // A name that doesn't exist has no records, whatever the resolver found on the way.
  const records = lookup.status === 'NXDOMAIN' ? [] : answers;
  const context = { records, target, path, place };
  switch (lookup.module) {
    case 'NS':
      return readSet(context, 'NS', 'DNS', (host) => detector.nameServer(host));
    case 'MX':
      return readSet(context, 'MX', 'MAIL', (host) => detector.mailExchange(host));
    case 'CNAME':
    case 'A':
    case 'AAAA':
      return readAliases(context, (host) => detector.canonicalName(host));
    case 'TXT':
      return readTexts(context, detector);
    default:
      return undefined;
  }
}

type Detect = (host: string) => Detection | undefined;

/**
 * NS and MX. The answer is the whole set, so a single wrong target spoils it: the rest would pass for all there is.
 * An empty answer and a name that doesn't exist are whole sets too: nobody serves it. Only an answer for the registrable
 * domain itself is a set of the domain's; `www.shop.example` has no name servers, and shop.example has.
 */
function readSet(
  { records, target, path, place }: Context,
  type: 'NS' | 'MX',
  service: Service,
  detect: Detect,
): Answer | Worthless {
  const providers: Provider[] = [];
  let filtered = 0;
  let hasNullMx = false;
  for (const { index, type: recordType, name, answer } of records) {
    if (recordType !== type || !isSameName(name, target.host)) {
      filtered++;
      continue;
    }
    if (type === 'MX' && answer === '.') {
      hasNullMx = true; // RFC 7505: accepts no mail
      continue;
    }
    const found = readTarget(answer);
    const record = `${path}.answers[${index}]`;
    if ('refusal' in found) return { refusal: refuseAt(`${place} ${record}`, found.refusal) };
    providers.push(providerOf(detect(found.host), found, { service, confidence: OWN_NAME_CONFIDENCE }, record));
  }
  const isWhole = records.length === 0 || providers.length > 0 || hasNullMx;
  const complete = isWhole && target.host === target.domain ? [service] : [];
  return { providers, complete, refused: [], filtered };
}

function isSameName(name: string, host: string): boolean {
  return name === '' || (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase() === host;
}

/**
 * CNAME chains, alone or on the way to an address. Each host of the chain outside the own domain serves the name; an
 * alias within the domain says nothing. A chain that comes back to itself resolves to nothing.
 */
function readAliases({ records, target, path, place }: Context, detect: Detect): Answer | Worthless {
  const aliases = new Map<string, DnsRecord>();
  for (const record of records) {
    if (record.type !== 'CNAME') continue;
    const owner = record.name === '' ? target : readTarget(record.name);
    if (!('refusal' in owner) && !aliases.has(owner.host)) aliases.set(owner.host, record);
  }
  const providers: Provider[] = [];
  const visited = new Set([target.host]);
  let filtered = 0;
  for (let alias = aliases.get(target.host); alias !== undefined; ) {
    const record = `${path}.answers[${alias.index}]`;
    const found = readTarget(alias.answer);
    if ('refusal' in found) return { refusal: refuseAt(`${place} ${record}`, found.refusal) };
    if (visited.has(found.host)) {
      return { refusal: refuse('CONTRADICTION', `${place} ${record}`, 'The CNAME chain is a circle.') };
    }
    visited.add(found.host);
    if (found.domain === target.domain) filtered++;
    else providers.push(providerOf(detect(found.host), found, UNKNOWN_ALIAS, record));
    alias = aliases.get(found.host);
  }
  return { providers, complete: [], refused: [], filtered };
}

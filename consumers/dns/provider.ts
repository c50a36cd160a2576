import type { Detection } from '../../src/detection/detector.ts';
import type { Reference } from '../../src/graph/actions.ts';
import { normaliseHost, registrableDomain } from '../../src/identity/domain-name.ts';
import type { Service } from '../../src/identity/service.ts';
import type { Fault, Refusal } from '../refusal.ts';
import type { DnsRecord } from './formats.ts';

/** Who serves a domain by an answer, and where the answer says so. */
export interface Provider {
  readonly object: Reference;
  /** Where the object is an organization: its name. */
  readonly name: string;
  readonly service: Service;
  readonly confidence: number;
  readonly rule: string;
  readonly record: string;
  readonly host: string;
}

export interface Target {
  readonly host: string;
  readonly domain: string;
}

/** The records of one answer, and where they stand. */
export interface Context {
  readonly records: readonly DnsRecord[];
  readonly target: Target;
  /** The answer in its line: `results.NS`. */
  readonly path: string;
  /** The line, for refusals. */
  readonly place: string;
}

/** What an answer says of the domain that was looked up. */
export interface Answer {
  readonly providers: readonly Provider[];
  /** Services of which it is the whole set. */
  readonly complete: readonly Service[];
  readonly refused: readonly Refusal[];
  readonly filtered: number;
}

/** Reads the host that a record points to. The reason says only what is wrong with it. */
export function readTarget(text: string): Target | { refusal: Fault } {
  const normalised = normaliseHost(text);
  if ('refusal' in normalised) {
    const { code, reason } = normalised.refusal;
    return { refusal: { code, reason: `Not a host name: ${reason}` } };
  }
  const domain = registrableDomain(normalised.host);
  if (domain !== undefined) return { host: normalised.host, domain };
  return { refusal: { code: 'NO_REGISTRABLE_DOMAIN', reason: 'The target has no registrable domain.' } };
}

/** The vendor that a rule knows; without a rule the target's own domain, for `service`, with `confidence`. */
export function providerOf(
  detection: Detection | undefined,
  target: Target,
  otherwise: { readonly service: Service; readonly confidence: number },
  record: string,
): Provider {
  const { vendor, service, confidence, rule } = detection ?? { vendor: target.domain, ...otherwise, rule: '' };
  return { object: { kind: 'domain', name: vendor }, name: '', service, confidence, rule, record, host: target.host };
}

import { normaliseHost, registrableDomain } from '../../src/identity/domain-name.ts';
import type { SeenDomain } from '../platform.ts';
import { type Refusal, refuse, refuseAt } from '../refusal.ts';
import type { Scan } from './formats.ts';

/** Certificates of CDNs name some hundreds of domains; more than this is read no further. */
const MOST_NAMES = 1000;

/** A domain that a certificate is for. */
export interface Subject extends SeenDomain {
  /** It presented the certificate, rather than being named in it. */
  readonly scanned: boolean;
}

export interface Subjects {
  readonly subjects: readonly Subject[];
  readonly refused: readonly Refusal[];
  readonly filtered: number;
}

/**
 * The domains that a certificate is for: the scanned one, then those of its alternative names, each once. A scanned
 * host without a domain (an address, a container) and a bare `*` are filtered; an alternative name that is no domain
 * name is refused. Of a self-signed certificate the names are not read: anybody may write any name into one.
 */
export function readSubjects({ record, scanned, certificate }: Scan, place: string): Subjects {
  const subjects = new Map<string, Subject>();
  const refused: Refusal[] = [];
  let filtered = 0;
  if (scanned !== undefined) {
    const normalised = normaliseHost(scanned);
    const domain = 'refusal' in normalised ? undefined : registrableDomain(normalised.host);
    if (domain !== undefined && 'host' in normalised) {
      subjects.set(domain, { domain, record, host: normalised.host, scanned: true });
    } else filtered++;
  }
  if (certificate.isSelfSigned) {
    return { subjects: [...subjects.values()], refused, filtered: filtered + certificate.dnsNames.length };
  }
  const { dnsNames } = certificate;
  if (dnsNames.length > MOST_NAMES) {
    const reason = `${dnsNames.length} alternative names; the first ${MOST_NAMES} are read.`;
    refused.push(refuse('TOO_MANY', `${place} ${record} dns_names`, reason));
  }
  for (const [index, name] of dnsNames.slice(0, MOST_NAMES).entries()) {
    const at = `${record} dns_names[${index}]`;
    const normalised = name.trim() === '*' ? undefined : normaliseHost(name);
    if (normalised === undefined) {
      filtered++;
      continue;
    }
    if ('refusal' in normalised) {
      refused.push(refuseAt(`${place} ${at}`, normalised.refusal));
      continue;
    }
    const domain = registrableDomain(normalised.host);
    if (domain === undefined) {
      refused.push(
        refuse('NO_REGISTRABLE_DOMAIN', `${place} ${at}`, 'The alternative name has no registrable domain.'),
      );
    } else if (!subjects.has(domain)) {
      subjects.set(domain, { domain, record: at, host: normalised.host, scanned: false });
    }
  }
  return { subjects: [...subjects.values()], refused, filtered };
}

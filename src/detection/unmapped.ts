import { registrableDomain } from '../identity/domain-name.ts';
import type { Detector } from './detector.ts';
import type { RuleKind } from './rule.ts';

/** Kinds whose unknown names are in the graph. Texts that no rule of `txt` knows never leave their document. */
export type UnmappedKind = Exclude<RuleKind, 'txt'>;
export const UNMAPPED_KINDS: readonly UnmappedKind[] = ['host', 'ns', 'mx', 'cname', 'spf', 'issuer'];

/** Where a crawler saw something: the domain it looked at, and the record and host in the document. */
export interface Trace {
  readonly subject: string;
  readonly record: string;
  readonly host: string;
  /** The name of the organization that the claim is about; absent where it is about a domain. */
  readonly organization?: string;
}

/** What no rule knows: a registrable domain with some of its hosts, or a certificate issuer's name. */
export interface Unmapped {
  readonly kind: UnmappedKind;
  readonly name: string;
  /** Distinct domains that it was seen at. */
  readonly subjects: number;
  /** At most three, in ascending order. */
  readonly hosts: readonly string[];
}

const MOST_HOSTS = 3;
const DNS_KINDS: Readonly<Record<string, UnmappedKind>> = {
  NS: 'ns',
  MX: 'mx',
  CNAME: 'cname',
  A: 'cname',
  AAAA: 'cname',
  TXT: 'spf',
};

/** Collects, from what crawlers saw, what the detector doesn't know. */
export function createUnmapped(detector: Detector) {
  const found = new Map<string, { kind: UnmappedKind; name: string; subjects: Set<string>; hosts: string[] }>();

  function add(trace: Trace): void {
    const kind = kindOf(trace);
    if (kind === undefined || isKnown(detector, kind, trace)) return;
    const name = kind === 'issuer' ? (trace.organization ?? '') : (registrableDomain(trace.host) ?? trace.host);
    // A domain's own host as evidence stands for its own token or platform, not for a target.
    if (name === trace.subject) return;
    const key = `${kind} ${name}`;
    const entry = found.get(key) ?? { kind, name, subjects: new Set<string>(), hosts: [] };
    found.set(key, entry);
    entry.subjects.add(trace.subject);
    if (kind === 'issuer' || entry.hosts.includes(trace.host)) return;
    entry.hosts = [...entry.hosts, trace.host].sort().slice(0, MOST_HOSTS);
  }

  /** The most frequent first; at the same frequency by kind and name. */
  function list(): Unmapped[] {
    return [...found.values()]
      .map(({ kind, name, subjects, hosts }) => ({ kind, name, subjects: subjects.size, hosts }))
      .sort((a, b) => b.subjects - a.subjects || compare(a.kind, b.kind) || compare(a.name, b.name));
  }

  return { add, list };
}

/** Tells by the record: `entries[3]` of a page load, `results.NS.answers[0]` of a DNS answer. `row` holds only a label. */
function kindOf({ record, organization }: Trace): UnmappedKind | undefined {
  if (record === 'row') return undefined;
  if (organization !== undefined) return 'issuer';
  if (record.startsWith('entries[')) return 'host';
  const module = /^results\.([A-Z]+)\.answers\[/.exec(record)?.[1];
  return module === undefined ? undefined : DNS_KINDS[module];
}

function isKnown(detector: Detector, kind: UnmappedKind, { host, organization = '' }: Trace): boolean {
  const lookUps: Record<UnmappedKind, () => unknown> = {
    host: () => detector.host(host),
    ns: () => detector.nameServer(host),
    mx: () => detector.mailExchange(host),
    cname: () => detector.canonicalName(host),
    spf: () => detector.spfInclude(host),
    issuer: () => detector.issuer(organization),
  };
  return lookUps[kind]() !== undefined;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

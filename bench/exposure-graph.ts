import type { Service } from '../src/identity/service.ts';

/**
 * A graph of a given number of organizations, the same each time but for the day that it ends on: ten claims a domain on
 * vendors whose popularity follows a power law, and a hub that nine of ten depend on. Nodes are numbered: domains first,
 * the most used vendor first among them, then declared organizations.
 */
export interface BenchGraph {
  readonly domains: number;
  readonly vendors: number;
  readonly declared: number;
  /** The last day that anything was seen on: midnight, ms since 1970. */
  readonly today: number;
}

export interface BenchClaim {
  readonly subject: number;
  readonly object: number;
  readonly service: Service;
  readonly source: string;
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly sighted?: number | undefined;
  readonly measured?: boolean | undefined;
  readonly stated?: number | undefined;
  readonly retractedAt?: number | undefined;
}

export const HUB = 0;
export const DAY = 86_400_000;
const CLAIMS = 10;

/** Declared organizations own two sites each, and the first of them one vendor in ten, the hub among these. */
export function benchGraph(organizations: number, today: number): BenchGraph {
  const vendors = Math.max(100, Math.round(organizations / 50));
  const declared = Math.max(vendors / 10, Math.round(organizations / 20));
  return { domains: organizations + declared, vendors, declared: Math.round(declared), today };
}

const scrambled = (n: number): string => (Math.imul(n + 1, 0x9e3779b1) >>> 0).toString(36).padStart(7, '0');
export const domainName = (domain: number): string => `${scrambled(domain)}.example`;
export const organizationKey = (k: number): string => `partner:${scrambled(k)}`;
export const organizationName = (k: number): string => `Company ${scrambled(k ^ 0x5555)}`;

/** Key of the organization that a vendor counts for; no organization that owns a vendor was merged. */
export const vendorKey = (vendor: number): string =>
  vendor % 10 === 0 ? organizationKey(vendor / 10) : `domain:${domainName(vendor)}`;

export function* ownerships({ vendors, declared }: BenchGraph): Generator<readonly [domain: number, owner: number]> {
  for (let k = 0; k < declared; k++) {
    if (k * 10 < vendors) yield [k * 10, k];
    yield [vendors + 2 * k, k];
    yield [vendors + 2 * k + 1, k];
  }
}

/** Pairs of declared organizations that are the same. */
export function* merges({ vendors, declared }: BenchGraph): Generator<readonly [number, number]> {
  for (let k = Math.ceil(vendors / 10); k + 1 < declared; k += 20) yield [k, k + 1];
}

/** The midnight on which the newest complete answers of name servers about a domain were seen. */
export const lookedAt = ({ today }: BenchGraph, domain: number): number => today - (hash(domain, 7) % 60) * DAY;

/** What is claimed of a node; no two claims of one node have the same source, service and object. */
export function claimsOf(graph: BenchGraph, subject: number): BenchClaim[] {
  const random = seeded(subject);
  if (subject >= graph.domains) return [statement(graph, subject, vendorOf(graph, random()), random)];
  const seen = new Set<number>();
  const claims: BenchClaim[] = [];
  for (let i = 0; i < CLAIMS; i++) {
    const isHubs = i === 0 && subject !== HUB && random() < 0.9;
    const object = isHubs ? HUB : vendorOf(graph, random());
    const kind = Math.floor(random() * (isHubs ? 5 : KINDS.length));
    const id = object * KINDS.length + kind;
    if (object === subject || seen.has(id)) continue;
    seen.add(id);
    claims.push(
      random() < 0.02 ? statement(graph, subject, object, random) : sighting(graph, subject, object, kind, random),
    );
  }
  return [...new Map(claims.map((claim) => [`${claim.source} ${claim.service} ${claim.object}`, claim])).values()];
}

const KINDS: readonly (readonly [source: string, service: Service])[] = [
  ['zdns', 'DNS'],
  ['page-crawler', 'CDN'],
  ['zgrab', 'CERTIFICATE_AUTHORITY'],
  ['imc2020', 'CDN'],
  ['imc2020', 'DNS'],
  ['zdns', 'MAIL'],
  ['page-crawler', 'ANALYTICS'],
  ['page-crawler', 'ADVERTISING'],
  ['page-crawler', 'TAG_MANAGEMENT'],
  ['page-crawler', 'CONTENT'],
  ['page-crawler', 'SOCIAL'],
  ['page-crawler', 'HOSTING'],
];

const vendorOf = ({ vendors }: BenchGraph, at: number): number => 1 + Math.floor((vendors - 1) * at ** 3);

function sighting(graph: BenchGraph, subject: number, object: number, kind: number, random: () => number): BenchClaim {
  const [source, service] = KINDS[kind] as (typeof KINDS)[number];
  const isAnswer = source === 'zdns';
  const seen = isAnswer ? lookedAt(graph, subject) : graph.today - Math.floor(random() * 365) * DAY;
  // A name server that the domain has left: the newest complete answer is without it.
  const lastSeen = isAnswer && random() < 0.05 ? seen - 30 * DAY : seen;
  const measured = source === 'imc2020' || source === 'zgrab' ? random() < 0.5 : undefined;
  const firstSeen = lastSeen - Math.floor(random() * 200) * DAY;
  return { subject, object, service, source, firstSeen, lastSeen, sighted: 1 - (kind % 3) / 10, measured };
}

function statement(graph: BenchGraph, subject: number, object: number, random: () => number): BenchClaim {
  const at = graph.today - Math.floor(random() * 365) * DAY - 1 - Math.floor(random() * 80_000_000);
  const retractedAt = random() < 0.1 ? at + 3_600_000 : undefined;
  const said = { source: 'partner', service: 'PAYMENTS', firstSeen: at, lastSeen: at } as const;
  return { subject, object, ...said, stated: 0.5 + Math.floor(random() * 50) / 100, retractedAt };
}

/** Numbers in [0, 1) that look random and are the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = hash(seed, 1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

function hash(n: number, salt: number): number {
  let x = Math.imul(n ^ Math.imul(salt, 0x9e3779b9), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

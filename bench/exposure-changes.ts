import { setTimeout as sleep } from 'node:timers/promises';
import { claimChange } from '../src/graph/changes.ts';
import { NO_CLAIM } from '../src/graph/claim-state.ts';
import type { ClaimEntity } from '../src/graph/fold.ts';
import type { StreamProducer } from '../src/stream/producer.ts';
import { type BenchGraph, claimsOf, domainName, organizationKey, seeded } from './exposure-graph.ts';

const TICK_MS = 50;

/**
 * Publishes changes as the writer does until `signal` aborts: nine of ten a known claim that was seen again, the others
 * a new claim, and one in 200 a domain's new owner.
 * @returns how many a second
 */
export async function publishChanges(
  producer: StreamProducer,
  graph: BenchGraph,
  perSecond: number,
  signal: AbortSignal,
): Promise<number> {
  const random = seeded(graph.domains);
  const begin = performance.now();
  let sent = 0;
  while (!signal.aborted) {
    const due = Math.floor(((performance.now() - begin) * perSecond) / 1_000) - sent;
    const byTopic = new Map<string, { key: string; value: Uint8Array }[]>();
    for (let i = 0; i < due; i++) {
      const { topic, key, value } = claimChange(changed(graph, sent + i, random));
      byTopic.set(topic, [...(byTopic.get(topic) ?? []), { key, value }]);
    }
    await Promise.all([...byTopic].map(([topic, messages]) => producer.send(topic, messages)));
    sent += due;
    await sleep(TICK_MS);
  }
  return (sent * 1_000) / (performance.now() - begin);
}

const domain = (n: number) => ({ kind: 'domain', name: domainName(n) }) as const;

function changed(graph: BenchGraph, n: number, random: () => number): ClaimEntity {
  const sites = graph.domains - graph.vendors;
  const site = graph.vendors + Math.floor(random() * sites);
  if (n % 200 === 0) return newOwner(graph, site, Math.floor(random() * graph.declared));
  const claims = claimsOf(graph, site).filter(({ stated }) => stated === undefined);
  const claim = claims[Math.floor(random() * claims.length)];
  const object = claim === undefined || n % 10 === 0 ? Math.floor(random() * graph.vendors) : claim.object;
  const { source = 'page-crawler', service = 'CDN', firstSeen = graph.today, sighted = 1 } = claim ?? {};
  return {
    entity: 'claim',
    key: { kind: 'USES', source, subject: domain(site), service, object: domain(object) },
    state: { ...NO_CLAIM, firstSeen, lastSeen: graph.today, sightedConfidence: sighted },
  };
}

function newOwner(graph: BenchGraph, site: number, k: number): ClaimEntity {
  const [subject, object] = [domain(site), { kind: 'organization', key: organizationKey(k) } as const];
  const stated = { time: graph.today, event: 'bench', confidence: 1, author: undefined, reason: undefined };
  return {
    entity: 'claim',
    key: { kind: 'OWNERSHIP_CLAIM', source: 'partner', subject, service: undefined, object },
    state: { ...NO_CLAIM, firstSeen: graph.today, lastSeen: graph.today, stated },
  };
}

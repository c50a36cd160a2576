import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { claimChange } from '../src/graph/changes.ts';
import { NO_CLAIM } from '../src/graph/claim-state.ts';
import type { ClaimEntity } from '../src/graph/fold.ts';
import { createKafka } from '../src/stream/kafka.ts';
import { createProducer, type StreamProducer } from '../src/stream/producer.ts';
import { type BenchGraph, claimsOf, domainName, organizationKey, seeded } from './exposure-graph.ts';

/** What bench/main.ts is asked for, to be the process that publishes. */
export const PUBLISH = 'publish';
/** The relay of changes leaves as long between two looks. */
const TICK_MS = 100;

interface Order {
  readonly brokers: readonly string[];
  readonly graph: BenchGraph;
  readonly perSecond: number;
  /** In the place of the topics that the index follows: then the machine is as busy, but there is nothing to apply. */
  readonly topic?: string;
}

/**
 * Publishes changes as the writer does: nine of ten a known claim that was seen again, the others a new claim, and one in
 * 200 a domain's new owner. In a process of its own, as the writer is, so that what is measured does not wait for it.
 */
export function startPublisher(order: Order) {
  const program = process.argv[1] as string;
  const publisher = fork(program, [PUBLISH, JSON.stringify(order)]);
  return {
    /** @returns how many were published a second */
    async stop(): Promise<number> {
      const [[rate]] = await Promise.all([once(publisher, 'message'), publisher.send('stop')]);
      await once(publisher, 'exit');
      return rate as number;
    },
  };
}

/** What the process does. */
export async function publishUntilStopped(order: Order): Promise<void> {
  const producer = createProducer(createKafka(order.brokers));
  await producer.connect();
  const over = new AbortController();
  process.once('message', () => over.abort());
  process.once('disconnect', () => process.exit());
  const rate = await publishChanges(producer, order, over.signal);
  await producer.close();
  process.send?.(rate, () => process.disconnect());
}

async function publishChanges(
  producer: StreamProducer,
  { graph, perSecond, topic: instead }: Order,
  signal: AbortSignal,
): Promise<number> {
  const random = seeded(graph.domains);
  const begin = performance.now();
  let sent = 0;
  while (!signal.aborted) {
    const due = Math.floor(((performance.now() - begin) * perSecond) / 1_000) - sent;
    const byTopic = new Map<string, { key: string; value: Uint8Array }[]>();
    for (let i = 0; i < due; i++) {
      const { topic: own, key, value } = claimChange(changed(graph, sent + i, random));
      const topic = instead ?? own;
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

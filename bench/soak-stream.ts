import { rawMessage } from '../src/main/raw-message.ts';
import type { OutgoingMessage, StreamProducer } from '../src/stream/producer.ts';
import { RAW_TOPICS, type Stream } from '../src/stream/topics.ts';

/** What is ingested during a soak: statements, retractions, owners, merges and whole answers of name servers. */
const SITES = 5_000;
const VENDORS = 400;
const ORGANIZATIONS = 100;
/** Merges stay within so many organizations. */
const FAMILY = 4;
const DAY = 86_400_000;
const SERVICES = ['dns', 'cdn', 'mail', 'analytics'];

type Document = { readonly stream: Stream; readonly source: string; readonly value: object };

const chance = (share: number): boolean => Math.random() < share;
const below = (count: number): number => Math.floor(Math.random() * count);

export const siteName = (): string => `site-${below(SITES)}.example`;
/** The first ones are hubs: one of two claims leads to the first twenty. */
export const vendorName = (): string => `vendor-${Math.floor(Math.random() ** 4.3 * VENDORS)}.example`;
export const organizationLabel = (): string => `Org ${below(ORGANIZATIONS)}`;

const observedAt = (): string => new Date(Date.now() - below(60 * DAY)).toISOString();

function statement(fields: object): Document {
  return { stream: 'partner-relationships', source: 'partner', value: { ...fields, observedAt: observedAt() } };
}

function document(): Document {
  const which = Math.random();
  if (which < 0.5) return nameServers();
  if (which < 0.85) {
    const object = chance(0.05) ? siteName() : vendorName();
    const said = { confidence: 0.5 + below(6) / 10, retracted: chance(0.25), critical: chance(0.3) };
    const subject = chance(0.1) ? vendorName() : siteName();
    return statement({ type: 'uses', subject, object, service: SERVICES[below(SERVICES.length)], ...said });
  }
  if (which < 0.97) {
    const subject = chance(0.3) ? vendorName() : siteName();
    return statement({ type: 'belongsTo', subject, object: organizationLabel(), retracted: chance(0.3) });
  }
  const [family, a, step] = [below(ORGANIZATIONS / FAMILY) * FAMILY, below(FAMILY), 1 + below(FAMILY - 1)];
  const [subject, object] = [`Org ${family + a}`, `Org ${family + ((a + step) % FAMILY)}`];
  return statement({ type: 'sameAs', subject, object, reason: 'alike', retracted: chance(0.6) });
}

/** As zdns writes it. The whole set, so that a provider that is missing stops counting. */
function nameServers(): Document {
  const name = siteName();
  const answers = Array.from({ length: 1 + below(2) }, () => ({
    answer: `ns1.${vendorName()}`,
    class: 'IN',
    name,
    ttl: 3_600,
    type: 'NS',
  }));
  const data = { answers, protocol: 'udp', resolver: '192.0.2.53:53' };
  const NS = { data, duration: 0.02, status: 'NOERROR', timestamp: observedAt() };
  return { stream: 'dns', source: 'zdns', value: { name, results: { NS } } };
}

/** Produces so many random documents, as `avd ingest` would. */
export async function sendDocuments(producer: StreamProducer, count: number): Promise<void> {
  const byTopic = new Map<string, OutgoingMessage[]>();
  for (let i = 0; i < count; i++) {
    const { stream, source, value } = document();
    const framed = { bytes: Buffer.from(JSON.stringify(value)), place: 'soak', format: undefined };
    const topic = RAW_TOPICS[stream];
    byTopic.set(topic, [...(byTopic.get(topic) ?? []), await rawMessage(framed, { source })]);
  }
  for (const [topic, messages] of byTopic) await producer.send(topic, messages);
}

import { incidentEvent } from '../../consumers/breach-incidents/incident.ts';
import type { RawDocument, TypedEvent } from '../../consumers/document.ts';
import { belongsToEvent, usesEvent } from '../../consumers/partner-relationships/events.ts';
import type { Service } from '../../src/identity/service.ts';
import { eventMessage } from '../../src/main/fan-out-stage.ts';
import type { StreamProducer } from '../../src/stream/producer.ts';

const TIME = Date.UTC(2026, 0, 1);

const documentOf = (source: string): RawDocument => ({
  source,
  stream: '',
  format: undefined,
  observedAt: undefined,
  document: 'd'.repeat(64),
  place: 'test',
  columns: undefined,
  bytes: new Uint8Array(),
  producedAt: TIME,
});
const stating = {
  document: documentOf('partner'),
  record: '',
  time: TIME,
  retracted: false,
  confidence: 1,
  tenant: undefined,
};
const domain = (name: string) => ({ kind: 'domain' as const, name, host: name });

/** "`subject` uses `object`", as a typed event; both are domains. */
export const usesSaid = (subject: string, object: string, service: Service = 'DNS'): TypedEvent =>
  usesEvent(domain(subject), service, domain(object), undefined, stating);

/** The same, said to its own tenant by the source of one. */
export const usesSaidPrivately = (
  tenant: string,
  subject: string,
  object: string,
  service: Service = 'DNS',
): TypedEvent =>
  usesEvent(domain(subject), service, domain(object), undefined, {
    ...stating,
    document: documentOf(`${tenant}-feed`),
    tenant,
  });

export const ownsSaid = (name: string, key: string): TypedEvent =>
  belongsToEvent(domain(name), { kind: 'organization', key, spelling: key }, stating);

/** A breach of a domain, reported once. */
export function breachSaid(id: string, hit: string, more: { fabricated?: boolean } = {}): TypedEvent {
  const incident = {
    id,
    kind: 'BREACH' as const,
    title: `Breach ${id}`,
    description: '',
    occurred: '2026-01',
    precision: 'MONTH' as const,
    reportedAt: TIME,
    modifiedAt: TIME,
    affectedCount: undefined,
    dataClasses: [],
    verified: true,
    fabricated: false,
    affected: domain(hit),
    ...more,
  };
  return incidentEvent(incident, '', documentOf('veris'));
}

/** Puts typed events where fan-out would. */
export async function say(producer: StreamProducer, events: readonly TypedEvent[]): Promise<void> {
  for (const event of events) await producer.send(event.topic, [eventMessage(event)]);
}

import { privateSuffix } from '../src/identity/domain-name.ts';
import { Service } from '../src/stream/generated/avd/common/v1/common_pb.ts';
import { VendorContactedSchema } from '../src/stream/generated/avd/page_loads/v1/page_loads_pb.ts';
import { TYPED_TOPICS } from '../src/stream/topics.ts';
import { createEvent, type RawDocument, type TypedEvent } from './document.ts';
import { toEvidence } from './messages.ts';

/** A domain that a crawler saw, and where: the record in its document, and the host. */
export interface SeenDomain {
  readonly domain: string;
  readonly record: string;
  readonly host: string;
}

/**
 * A domain under a private suffix (`somebody.github.io`) is hosted by the suffix's platform: its name says so, so the
 * confidence is 1. Each domain speaks once, by the first record that it was seen in.
 */
export function platformEvents(seen: Iterable<SeenDomain>, document: RawDocument, time: number): TypedEvent[] {
  const events = new Map<string, TypedEvent>();
  for (const { domain, record, host } of seen) {
    const platform = privateSuffix(domain);
    if (platform === undefined || events.has(domain)) continue;
    const evidence = toEvidence({ document: document.document, record, host, observedAt: time });
    const message = { subject: domain, object: platform, service: Service.HOSTING, confidence: 1, rule: '', evidence };
    const { source } = document;
    const topic = TYPED_TOPICS.vendorContacted;
    events.set(domain, createEvent({ topic, key: domain, schema: VendorContactedSchema, message, source, time }));
  }
  return [...events.values()];
}

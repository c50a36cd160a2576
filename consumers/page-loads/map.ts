import type { GraphAction } from '../../src/graph/actions.ts';
import type { PageObserved, VendorContacted } from '../../src/stream/generated/avd/page_loads/v1/page_loads_pb.ts';
import { type Envelope, fromEvidence, fromService } from '../messages.ts';

/** A page was loaded: its domain was looked at, whatever was found. */
export function mapPageObserved(message: PageObserved, envelope: Envelope): GraphAction[] {
  const { source, time } = envelope;
  return [{ type: 'observe-domain', source, stream: 'page-loads', domain: message.domain, observedAt: time }];
}

/** A page called a third party, or a domain lies under its platform's suffix. */
export function mapVendorContacted(message: VendorContacted, envelope: Envelope): GraphAction[] {
  return [
    {
      type: 'sight-use',
      source: envelope.source,
      subject: { kind: 'domain', name: message.subject },
      service: fromService(message.service),
      object: { kind: 'domain', name: message.object },
      confidence: message.confidence,
      evidence: fromEvidence(message.evidence),
    },
  ];
}

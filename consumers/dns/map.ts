import type { GraphAction } from '../../src/graph/actions.ts';
import type { AnswerObserved } from '../../src/stream/generated/avd/dns/v1/dns_pb.ts';
import { type Envelope, fromEvidence, fromReference, fromService } from '../messages.ts';

const DAY = 86_400_000;

/** A look-up was answered: what it found, of what it found all, and that it looked. */
export function mapAnswerObserved(message: AnswerObserved, envelope: Envelope): GraphAction[] {
  const { source, time } = envelope;
  const { domain } = message;
  const actions: GraphAction[] = [{ type: 'observe-domain', source, stream: 'dns', domain, observedAt: time }];
  for (const provider of message.providers) {
    const object = fromReference(provider.object);
    if (object.kind === 'organization' && provider.name !== '') {
      actions.push({ type: 'name-organization', key: object.key, name: provider.name, time });
    }
    actions.push({
      type: 'sight-use',
      source,
      subject: { kind: 'domain', name: domain },
      service: fromService(provider.service),
      object,
      confidence: provider.confidence,
      evidence: fromEvidence(provider.evidence),
    });
  }
  for (const service of message.complete) {
    const day = Math.floor(time / DAY);
    actions.push({ type: 'complete-observation', source, domain, service: fromService(service), day });
  }
  return actions;
}

import type { GraphAction } from '../../src/graph/actions.ts';
import type { CertificateObserved } from '../../src/stream/generated/avd/certificates/v1/certificates_pb.ts';
import { type Envelope, fromEvidence, fromReference } from '../messages.ts';

/** A certificate vouches for a domain. Only a domain that was scanned counts as looked at, not one that is only named. */
export function mapCertificateObserved(message: CertificateObserved, envelope: Envelope): GraphAction[] {
  const { source, time } = envelope;
  const { domain, issuerName, critical } = message;
  const object = fromReference(message.issuer);
  const actions: GraphAction[] = [];
  if (message.scanned) {
    actions.push({ type: 'observe-domain', source, stream: 'certificates', domain, observedAt: time });
  }
  if (object.kind === 'organization' && issuerName !== '') {
    actions.push({ type: 'name-organization', key: object.key, name: issuerName, time });
  }
  actions.push({
    type: 'sight-use',
    source,
    subject: { kind: 'domain', name: domain },
    service: 'CERTIFICATE_AUTHORITY',
    object,
    confidence: message.confidence,
    ...(critical !== undefined && { critical }),
    evidence: fromEvidence(message.evidence),
  });
  return actions;
}

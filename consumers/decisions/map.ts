import { ANALYST, type GraphAction, type NameOrganization, type Statement } from '../../src/graph/actions.ts';
import type { DecisionMade, Use } from '../../src/stream/generated/avd/decisions/v1/decisions_pb.ts';
import { BEFORE_ALL, type Envelope, fromReference, fromService, incomplete } from '../messages.ts';

/** A decision, or its withdrawal, as a statement of the analysts. @throws AppError REFUSED where the message is incomplete */
export function mapDecisionMade(message: DecisionMade, envelope: Envelope): GraphAction[] {
  const statement = statementOf(message, envelope);
  const { decision } = message;
  switch (decision.case) {
    case 'confirmed':
      return [{ type: 'state-use', ...statement, ...endsOf(decision.value) }];
    case 'dismissed':
      return [{ type: 'dismiss-use', ...statement, ...endsOf(decision.value) }];
    case 'merged': {
      const { a, b } = decision.value;
      if (a === '' || b === '' || a === b) throw incomplete('merged');
      const organizations = a < b ? ([a, b] as const) : ([b, a] as const);
      return [{ type: 'state-same-as', ...statement, organizations }, ...organizations.flatMap(naming)];
    }
    case 'owned': {
      const { domain, organization } = decision.value;
      if (domain === '' || organization === '') throw incomplete('owned');
      return [{ type: 'state-ownership', ...statement, domain, organization }, ...naming(organization)];
    }
    default:
      throw incomplete('decision');
  }
}

/** The event itself is the document that it is read from. */
function statementOf({ author, reason, decidedAt, withdrawn }: DecisionMade, { id }: Envelope): Statement {
  const time = Number(decidedAt);
  const evidence = { document: id, record: '', host: '', observedAt: time };
  return { source: ANALYST, time, event: id, retracted: withdrawn, confidence: 1, author, reason, evidence };
}

function endsOf({ subject, service, object }: Use) {
  return { subject: fromReference(subject), service: fromService(service), object: fromReference(object) };
}

const OWN = `${ANALYST}:`;

/** An organization that was made for a domain is called like it, until somebody gives it a name. */
function naming(key: string): NameOrganization[] {
  if (!key.startsWith(OWN)) return [];
  return [{ type: 'name-organization', key, name: key.slice(OWN.length), time: BEFORE_ALL }];
}

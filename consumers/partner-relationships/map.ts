import type { GraphAction, NameOrganization, Statement } from '../../src/graph/actions.ts';
import type { NamedOrganization } from '../../src/stream/generated/avd/common/v1/common_pb.ts';
import type {
  MergeStated,
  RelationshipStated,
} from '../../src/stream/generated/avd/partner_relationships/v1/partner_relationships_pb.ts';
import { BEFORE_ALL, type Envelope, fromEvidence, fromReference, fromService, incomplete } from '../messages.ts';

/** A statement of a partner or analyst, and the names that it gives. @throws AppError REFUSED where the message is incomplete */
export function mapRelationshipStated(message: RelationshipStated, envelope: Envelope): GraphAction[] {
  const statement = statementOf(message, envelope);
  const { relationship, tenant } = message;
  if (tenant !== '' && relationship.case !== 'uses') throw incomplete('relationship');
  switch (relationship.case) {
    case 'uses': {
      const { subject, service, object, critical, subjectName, objectName } = relationship.value;
      const ends = { subject: fromReference(subject), object: fromReference(object) };
      return [
        {
          type: 'state-use',
          ...statement,
          ...ends,
          service: fromService(service),
          ...(critical !== undefined && { critical }),
          ...(tenant !== '' && { tenant }),
        },
        ...(ends.subject.kind === 'organization' ? naming(ends.subject.key, subjectName, statement) : []),
        ...(ends.object.kind === 'organization' ? naming(ends.object.key, objectName, statement) : []),
      ];
    }
    case 'belongsTo': {
      const { domain, organization } = relationship.value;
      const owner = required(organization, 'organization');
      return [
        { type: 'state-ownership', ...statement, domain, organization: owner.key },
        ...namingOf(owner, statement),
      ];
    }
    case 'partOf': {
      const organization = required(relationship.value.organization, 'organization');
      const parent = required(relationship.value.parent, 'parent');
      return [
        { type: 'state-part-of', ...statement, organization: organization.key, parent: parent.key },
        ...namingOf(organization, statement),
        ...namingOf(parent, statement),
      ];
    }
    default:
      throw incomplete('relationship');
  }
}

/** A merge, or its withdrawal. @throws AppError REFUSED where the message is incomplete */
export function mapMergeStated(message: MergeStated, envelope: Envelope): GraphAction[] {
  const statement = statementOf(message, envelope);
  const a = required(message.a, 'a');
  const b = required(message.b, 'b');
  const { author, reason } = message;
  return [
    {
      type: 'state-same-as',
      ...statement,
      // The pair is unordered, so it is written in one order.
      organizations: a.key < b.key ? [a.key, b.key] : [b.key, a.key],
      ...(author !== '' && { author }),
      ...(reason !== '' && { reason }),
    },
    ...namingOf(a, statement),
    ...namingOf(b, statement),
  ];
}

function statementOf(message: RelationshipStated | MergeStated, envelope: Envelope): Statement {
  return {
    source: envelope.source,
    time: Number(message.statedAt),
    event: envelope.id,
    retracted: message.retracted,
    confidence: message.confidence,
    evidence: fromEvidence(message.evidence),
  };
}

function namingOf({ key, name, nameIsDomain }: NamedOrganization, { time }: Statement): NameOrganization[] {
  return naming(key, name, { time: nameIsDomain ? BEFORE_ALL : time });
}

/** A retraction takes back the statement, not how the organization is spelt. */
function naming(key: string, name: string, { time }: Pick<Statement, 'time'>): NameOrganization[] {
  return name === '' ? [] : [{ type: 'name-organization', key, name, time }];
}

function required<T>(part: T | undefined, field: string): T {
  if (part === undefined) throw incomplete(field);
  return part;
}

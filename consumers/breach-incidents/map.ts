import { AppError } from '../../src/errors.ts';
import type { DatePrecision, GraphAction, IncidentKind } from '../../src/graph/actions.ts';
import {
  type IncidentReported,
  IncidentKind as KindNumber,
  DatePrecision as PrecisionNumber,
} from '../../src/stream/generated/avd/breach_incidents/v1/breach_incidents_pb.ts';
import { type Envelope, fromEvidence, fromReference } from '../messages.ts';

/** An incident, and the names of the organizations it hit. @throws AppError REFUSED where the message is incomplete */
export function mapIncidentReported(message: IncidentReported, envelope: Envelope): GraphAction[] {
  const { source, id: event, time } = envelope;
  const affected = message.affected.map(({ reference, name }) => ({ reference: fromReference(reference), name }));
  return [
    {
      type: 'report-incident',
      source,
      id: message.id,
      time,
      event,
      kind: kindOf(message.kind),
      title: message.title,
      description: message.description,
      occurred: message.occurred,
      occurredPrecision: precisionOf(message.occurredPrecision),
      reportedAt: Number(message.reportedAt),
      ...(message.affectedCount !== undefined && { affectedCount: Number(message.affectedCount) }),
      dataClasses: message.dataClasses,
      verified: message.verified,
      fabricated: message.fabricated,
      affects: affected.map(({ reference }) => reference),
      evidence: fromEvidence(message.evidence),
    },
    ...affected.flatMap(({ reference, name }): GraphAction[] =>
      reference.kind === 'organization' && name !== ''
        ? [{ type: 'name-organization', key: reference.key, name, time }]
        : [],
    ),
  ];
}

function kindOf(number: KindNumber): IncidentKind {
  const name = KindNumber[number];
  if (name === 'BREACH' || name === 'OUTAGE') return name;
  throw new AppError('REFUSED', 'The typed message lacks a field', { code: 'UNDECODABLE_EVENT', field: 'kind' });
}

function precisionOf(number: PrecisionNumber): DatePrecision {
  const name = PrecisionNumber[number];
  if (name === 'YEAR' || name === 'MONTH' || name === 'DAY' || name === 'TIME') return name;
  throw new AppError('REFUSED', 'The typed message lacks a field', {
    code: 'UNDECODABLE_EVENT',
    field: 'occurred_precision',
  });
}

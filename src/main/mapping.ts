import type { Message } from '@bufbuild/protobuf';
import { fromBinary } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { mapIncidentReported } from '../../consumers/breach-incidents/map.ts';
import { mapCertificateObserved } from '../../consumers/certificates/map.ts';
import { mapDecisionMade } from '../../consumers/decisions/map.ts';
import { mapAnswerObserved } from '../../consumers/dns/map.ts';
import type { Envelope } from '../../consumers/messages.ts';
import { mapPageObserved, mapVendorContacted } from '../../consumers/page-loads/map.ts';
import { mapMergeStated, mapRelationshipStated } from '../../consumers/partner-relationships/map.ts';
import { mapPortfolioChanged } from '../../consumers/portfolios/map.ts';
import { AppError } from '../errors.ts';
import { mapSourceWithdrawn } from '../governance/map.ts';
import type { GraphAction } from '../graph/actions.ts';
import { IncidentReportedSchema } from '../stream/generated/avd/breach_incidents/v1/breach_incidents_pb.ts';
import { CertificateObservedSchema } from '../stream/generated/avd/certificates/v1/certificates_pb.ts';
import { DecisionMadeSchema } from '../stream/generated/avd/decisions/v1/decisions_pb.ts';
import { AnswerObservedSchema } from '../stream/generated/avd/dns/v1/dns_pb.ts';
import { SourceWithdrawnSchema } from '../stream/generated/avd/governance/v1/governance_pb.ts';
import { PageObservedSchema, VendorContactedSchema } from '../stream/generated/avd/page_loads/v1/page_loads_pb.ts';
import {
  MergeStatedSchema,
  RelationshipStatedSchema,
} from '../stream/generated/avd/partner_relationships/v1/partner_relationships_pb.ts';
import { PortfolioChangedSchema } from '../stream/generated/avd/portfolios/v1/portfolios_pb.ts';
import type { StreamRecord } from '../stream/slices.ts';
import { EVENT_HEADERS, TYPED_TOPICS, type TypedTopic } from '../stream/topics.ts';

type Mapper = (value: Uint8Array, envelope: Envelope) => readonly GraphAction[];

function mapper<T extends Message>(
  schema: GenMessage<T>,
  map: (message: T, envelope: Envelope) => readonly GraphAction[],
): Mapper {
  return (value, envelope) => map(fromBinary(schema, value), envelope);
}

const MAPPERS: Readonly<Record<TypedTopic, Mapper>> = {
  [TYPED_TOPICS.pageObserved]: mapper(PageObservedSchema, mapPageObserved),
  [TYPED_TOPICS.vendorContacted]: mapper(VendorContactedSchema, mapVendorContacted),
  [TYPED_TOPICS.answerObserved]: mapper(AnswerObservedSchema, mapAnswerObserved),
  [TYPED_TOPICS.certificateObserved]: mapper(CertificateObservedSchema, mapCertificateObserved),
  [TYPED_TOPICS.relationshipStated]: mapper(RelationshipStatedSchema, mapRelationshipStated),
  [TYPED_TOPICS.mergeStated]: mapper(MergeStatedSchema, mapMergeStated),
  [TYPED_TOPICS.incidentReported]: mapper(IncidentReportedSchema, mapIncidentReported),
  [TYPED_TOPICS.sourceWithdrawn]: mapper(SourceWithdrawnSchema, mapSourceWithdrawn),
  [TYPED_TOPICS.portfolioChanged]: mapper(PortfolioChangedSchema, mapPortfolioChanged),
  [TYPED_TOPICS.decisionMade]: mapper(DecisionMadeSchema, mapDecisionMade),
};

export type Mapped =
  | { readonly actions: readonly GraphAction[] }
  | { readonly code: 'NULL_VALUE' | 'UNDECODABLE_EVENT'; readonly reason: string };

/** One typed message → what it asks of the graph, or why it can't be read. Never throws. */
export function mapRecord(record: StreamRecord, topic: string): Mapped {
  if (record.value === null) return { code: 'NULL_VALUE', reason: 'The message has no value.' };
  const envelope = readEnvelope(record.headers);
  if (envelope === undefined) {
    return { code: 'UNDECODABLE_EVENT', reason: 'The message lacks ce_id, ce_source or a valid ce_time.' };
  }
  try {
    return { actions: mapTyped(topic, record.value, envelope) };
  } catch (error) {
    const field = error instanceof AppError ? ` (${String(error.details.field)})` : '';
    return { code: 'UNDECODABLE_EVENT', reason: `The value is not a message of this topic${field}.` };
  }
}

/** @throws where the value is not a valid message of the topic */
export function mapTyped(topic: string, value: Uint8Array, envelope: Envelope): readonly GraphAction[] {
  const map = MAPPERS[topic as TypedTopic];
  return map(value, envelope);
}

function readEnvelope(headers: StreamRecord['headers']): Envelope | undefined {
  const id = headers[EVENT_HEADERS.id];
  const source = headers[EVENT_HEADERS.source];
  const time = Date.parse(headers[EVENT_HEADERS.time] ?? '');
  return id && source && Number.isFinite(time) ? { id, source, time } : undefined;
}

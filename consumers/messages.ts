import type { MessageInitShape } from '@bufbuild/protobuf';
import { AppError } from '../src/errors.ts';
import type { Evidence, Reference } from '../src/graph/actions.ts';
import type { Service } from '../src/identity/service.ts';
import {
  type Evidence as EvidenceMessage,
  type EvidenceSchema,
  type Reference as ReferenceMessage,
  type ReferenceSchema,
  Service as ServiceNumber,
} from '../src/stream/generated/avd/common/v1/common_pb.ts';

/** What the headers of a typed message say of it; `time` in milliseconds since 1970, UTC. */
export interface Envelope {
  readonly id: string;
  readonly source: string;
  readonly time: number;
}

/** The time of a name that every given name comes before. */
export const BEFORE_ALL = 0;

export function toService(service: Service): ServiceNumber {
  return ServiceNumber[service];
}

/** @throws AppError REFUSED where the number stands for no service */
export function fromService(number: ServiceNumber): Service {
  const name = ServiceNumber[number];
  if (name === undefined || name === 'UNSPECIFIED') throw incomplete('service');
  return name as Service;
}

export function toReference(reference: Reference): MessageInitShape<typeof ReferenceSchema> {
  return reference.kind === 'domain'
    ? { end: { case: 'domain', value: reference.name } }
    : { end: { case: 'organization', value: reference.key } };
}

/** @throws AppError REFUSED where the message refers to nothing */
export function fromReference(message: ReferenceMessage | undefined): Reference {
  switch (message?.end.case) {
    case 'domain':
      return { kind: 'domain', name: message.end.value };
    case 'organization':
      return { kind: 'organization', key: message.end.value };
    default:
      throw incomplete('reference');
  }
}

export function toEvidence(evidence: Evidence): MessageInitShape<typeof EvidenceSchema> {
  return { ...evidence, observedAt: BigInt(evidence.observedAt) };
}

/** @throws AppError REFUSED where the message names no evidence */
export function fromEvidence(message: EvidenceMessage | undefined): Evidence {
  if (message === undefined) throw incomplete('evidence');
  const { document, record, host, observedAt } = message;
  return { document, record, host, observedAt: Number(observedAt) };
}

/** For a typed message that lacks a field. */
export function incomplete(field: string): AppError {
  return new AppError('REFUSED', 'The typed message lacks a field', { code: 'UNDECODABLE_EVENT', field });
}

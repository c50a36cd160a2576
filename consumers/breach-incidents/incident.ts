import type { DatePrecision, IncidentKind } from '../../src/graph/actions.ts';
import {
  IncidentReportedSchema,
  IncidentKind as KindNumber,
  DatePrecision as PrecisionNumber,
} from '../../src/stream/generated/avd/breach_incidents/v1/breach_incidents_pb.ts';
import { TYPED_TOPICS } from '../../src/stream/topics.ts';
import { createEvent, type RawDocument, type TypedEvent } from '../document.ts';
import { toEvidence, toReference } from '../messages.ts';
import { printableText } from '../printable-text.ts';
import type { Fault } from '../refusal.ts';

/** One incident, whichever publisher reports it. */
export interface Incident {
  readonly id: string;
  readonly kind: IncidentKind;
  readonly title: string;
  readonly description: string;
  /** As precise as `precision` says: `2025`, `2025-03`, `2025-03-02`. */
  readonly occurred: string;
  readonly precision: DatePrecision;
  /** Milliseconds since 1970, UTC: when the publisher first listed it, and this version of it. */
  readonly reportedAt: number;
  readonly modifiedAt: number;
  readonly affectedCount: number | undefined;
  readonly dataClasses: readonly string[];
  readonly verified: boolean;
  readonly fabricated: boolean;
  /** Nobody, where the publisher names nobody that can be identified. */
  readonly affected: Affected | undefined;
}

export type Affected =
  | { readonly kind: 'domain'; readonly name: string; readonly host: string }
  | { readonly kind: 'organization'; readonly key: string; readonly spelling: string };

export type ReadIncident = { readonly incident: Incident } | { readonly refusal: Fault } | { readonly filtered: true };

const LONGEST_DESCRIPTION = 4000;
const LONGEST_TITLE = 200;
const MOST_CLASSES = 100;
const LONGEST_CLASS = 100;

/** A publisher's own id is part of a key, so it is never shortened. */
export const LONGEST_ID = 200;

/** The event of one incident. A later version of the same incident has the same key, and so the same partition. */
export function incidentEvent(incident: Incident, record: string, document: RawDocument): TypedEvent {
  const { source } = document;
  const { affected, affectedCount, modifiedAt, reportedAt } = incident;
  const host = affected?.kind === 'domain' ? affected.host : '';
  const evidence = { document: document.document, record, host, observedAt: modifiedAt };
  return createEvent({
    topic: TYPED_TOPICS.incidentReported,
    key: `${source}:${incident.id}`,
    schema: IncidentReportedSchema,
    message: {
      id: incident.id,
      kind: KindNumber[incident.kind],
      title: printableText(incident.title, LONGEST_TITLE),
      description: printableText(incident.description, LONGEST_DESCRIPTION),
      occurred: incident.occurred,
      occurredPrecision: PrecisionNumber[incident.precision],
      reportedAt: BigInt(reportedAt),
      modifiedAt: BigInt(modifiedAt),
      ...(affectedCount !== undefined && { affectedCount: BigInt(affectedCount) }),
      dataClasses: incident.dataClasses.slice(0, MOST_CLASSES).map((name) => printableText(name, LONGEST_CLASS)),
      verified: incident.verified,
      fabricated: incident.fabricated,
      affected: affected === undefined ? [] : [affectedMessage(affected)],
      evidence: toEvidence(evidence),
    },
    source,
    time: modifiedAt,
  });
}

function affectedMessage(affected: Affected) {
  return { reference: toReference(affected), name: affected.kind === 'organization' ? affected.spelling : '' };
}

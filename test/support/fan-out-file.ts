import { createHash } from 'node:crypto';
import { fromBinary } from '@bufbuild/protobuf';
import { fanOutBreachIncidents } from '../../consumers/breach-incidents/fan-out.ts';
import { mapIncidentReported } from '../../consumers/breach-incidents/map.ts';
import type { Knowledge, RawDocument, TypedEvent } from '../../consumers/document.ts';
import { frameFile } from '../../consumers/framing.ts';
import { fanOutPartnerRelationships } from '../../consumers/partner-relationships/fan-out.ts';
import { mapMergeStated, mapRelationshipStated } from '../../consumers/partner-relationships/map.ts';
import type { Refusal } from '../../consumers/refusal.ts';
import { createDetector } from '../../src/detection/detector.ts';
import { loadSources } from '../../src/governance/sources.ts';
import type { GraphAction } from '../../src/graph/actions.ts';
import { inProgram } from '../../src/program.ts';
import { IncidentReportedSchema } from '../../src/stream/generated/avd/breach_incidents/v1/breach_incidents_pb.ts';
import {
  MergeStatedSchema,
  RelationshipStatedSchema,
} from '../../src/stream/generated/avd/partner_relationships/v1/partner_relationships_pb.ts';
import { TYPED_TOPICS } from '../../src/stream/topics.ts';

type Statements = 'partner-relationships' | 'breach-incidents';

const FAN_OUTS = { 'partner-relationships': fanOutPartnerRelationships, 'breach-incidents': fanOutBreachIncidents };

/** When the corpus of bad input takes place. */
export const NOW = Date.UTC(2026, 10, 25);

export async function statementKnowledge(): Promise<Knowledge> {
  const path = inProgram('governance/sources.yaml');
  return { detector: createDetector([], []), sources: (await loadSources(path)).sources };
}

/** A document as fan-out gets it, with what the test says otherwise. */
export function rawDocument(content: string | Uint8Array, given: Partial<RawDocument> = {}): RawDocument {
  const bytes = Buffer.from(content as string);
  return {
    source: 'partner',
    stream: 'partner-relationships',
    format: undefined,
    observedAt: undefined,
    document: createHash('sha256').update(bytes).digest('hex'),
    place: 'test',
    columns: undefined,
    bytes,
    producedAt: NOW,
    ...given,
  };
}

/** The graph actions of an event that a partner, an analyst or an incident list gave. */
export function actionsOf(event: TypedEvent): GraphAction[] {
  switch (event.topic) {
    case TYPED_TOPICS.relationshipStated:
      return mapRelationshipStated(fromBinary(RelationshipStatedSchema, event.value), event);
    case TYPED_TOPICS.mergeStated:
      return mapMergeStated(fromBinary(MergeStatedSchema, event.value), event);
    case TYPED_TOPICS.incidentReported:
      return mapIncidentReported(fromBinary(IncidentReportedSchema, event.value), event);
    default:
      throw new RangeError(event.topic);
  }
}

/** Takes a fixture through framing, fan-out and map. */
export async function fanOutFile(
  path: string,
  stream: Statements,
  source: string,
  observedAt?: number,
): Promise<{ documents: number; events: TypedEvent[]; actions: GraphAction[]; refused: Refusal[]; filtered: number }> {
  const knowledge = await statementKnowledge();
  const result = { documents: 0, events: [] as TypedEvent[], refused: [] as Refusal[], filtered: 0 };
  const file = inProgram(`test/fixtures/${path}`);
  for await (const framed of frameFile(file, stream, {})) {
    if (framed.kind === 'refused') {
      result.refused.push({ place: framed.place, code: framed.code, reason: framed.reason });
      continue;
    }
    const { place, format, columns } = framed;
    const document = rawDocument(framed.bytes, { source, stream, place, format, columns, observedAt });
    const fannedOut = FAN_OUTS[stream](document, knowledge);
    result.documents++;
    result.events.push(...fannedOut.events);
    result.refused.push(...fannedOut.refused);
    result.filtered += fannedOut.filtered;
  }
  return { ...result, actions: result.events.flatMap(actionsOf) };
}

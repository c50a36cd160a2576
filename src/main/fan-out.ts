import { fanOutBreachIncidents } from '../../consumers/breach-incidents/fan-out.ts';
import { fanOutCertificates } from '../../consumers/certificates/fan-out.ts';
import { fanOutDns } from '../../consumers/dns/fan-out.ts';
import type { FanOut, Knowledge, RawDocument, TypedEvent } from '../../consumers/document.ts';
import { fanOutPageLoads } from '../../consumers/page-loads/fan-out.ts';
import { fanOutPartnerRelationships } from '../../consumers/partner-relationships/fan-out.ts';
import type { RefusedPart } from '../stream/dead-letters.ts';
import type { StreamRecord } from '../stream/slices.ts';
import { RAW_TOPICS, STREAMS, type Stream } from '../stream/topics.ts';
import { describeRaw, openRaw, type RawMessage } from './raw-document.ts';

const FAN_OUTS: Readonly<Record<Stream, (document: RawDocument, knowledge: Knowledge) => FanOut>> = {
  'page-loads': fanOutPageLoads,
  dns: fanOutDns,
  certificates: fanOutCertificates,
  'partner-relationships': fanOutPartnerRelationships,
  'breach-incidents': fanOutBreachIncidents,
};

const STREAM_OF = new Map<string, Stream>(STREAMS.map((stream) => [RAW_TOPICS[stream], stream]));

/** What became of one raw message. */
export interface FannedOut extends RawMessage {
  readonly stream: Stream;
  readonly events: readonly TypedEvent[];
  readonly refused: readonly RefusedPart[];
  readonly filtered: number;
}

/** The stream whose raw documents a topic holds. */
export function streamOf(topic: string): Stream {
  const stream = STREAM_OF.get(topic);
  if (stream === undefined) throw new RangeError(`not a raw topic: ${topic}`);
  return stream;
}

/**
 * One raw message → typed events and refusals. Never throws: a document on which our own code fails is refused with
 * code INTERNAL and kept, so that it stops nobody and can be sent again once the code is right.
 */
export function fanOutRecord(record: StreamRecord, topic: string, partition: number, knowledge: Knowledge): FannedOut {
  const stream = streamOf(topic);
  const described = describeRaw(record, `${topic} ${partition}/${record.offset}`);
  const nothing = { events: [], filtered: 0 };
  try {
    const opened = openRaw(record, stream, described, knowledge.sources);
    if ('refusal' in opened) return { ...described, stream, ...nothing, refused: [opened.refusal] };
    const fannedOut = FAN_OUTS[stream](opened.document, knowledge);
    if (!fannedOut.events.every(hasTime)) throw new RangeError('an event without a time');
    return { ...described, stream, ...fannedOut };
  } catch (error) {
    // The name of the error only: its message may quote the document.
    const name = error instanceof Error ? error.name : 'an error';
    const reason = `AVD failed on this document (${name}).`;
    return { ...described, stream, ...nothing, refused: [{ place: described.place, code: 'INTERNAL', reason }] };
  }
}

function hasTime({ time }: TypedEvent): boolean {
  return !Number.isNaN(new Date(time).getTime());
}

/** How a raw message counts, once: applied if anything of it was accepted, else refused, else nothing AVD keeps. */
export function countedAs({ events, refused }: FannedOut): 'applied' | 'deadLettered' | 'filtered' {
  if (events.length > 0) return 'applied';
  return refused.length > 0 ? 'deadLettered' : 'filtered';
}

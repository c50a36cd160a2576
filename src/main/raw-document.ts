import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { RawDocument } from '../../consumers/document.ts';
import { quote, type Refusal, refuse, refuseAt } from '../../consumers/refusal.ts';
import { parseTime } from '../../consumers/time.ts';
import type { Sources } from '../governance/sources.ts';
import type { StreamRecord } from '../stream/slices.ts';
import { MAX_DOCUMENT_BYTES, RAW_HEADERS, type Stream } from '../stream/topics.ts';

/** What can be said of a raw message before it is opened; a refusal carries it too. */
export interface RawMessage {
  readonly source: string;
  readonly document: string;
  readonly place: string;
}

/** Describes a raw message by its headers alone; what another producer left out is filled in. */
export function describeRaw(record: StreamRecord, where: string): RawMessage {
  const { headers, value } = record;
  return {
    source: headers[RAW_HEADERS.source] ?? '',
    document: headers[RAW_HEADERS.document] ?? sha256(value ?? new Uint8Array()),
    place: headers[RAW_HEADERS.place] ?? where,
  };
}

/**
 * Opens a raw message: checks who sent it before anything else, inflates it within bounds, and makes sure that the
 * bytes are those that the message says.
 */
export function openRaw(
  record: StreamRecord,
  stream: Stream,
  described: RawMessage,
  sources: Sources,
): { readonly document: RawDocument } | { readonly refusal: Refusal } {
  const { source, place } = described;
  const refused = (code: Refusal['code'], reason: string) => ({ refusal: refuse(code, place, reason) });
  if (record.value === null) return refused('NULL_VALUE', 'The message has no value.');
  const declared = sources.get(source);
  if (declared === undefined) return refused('UNKNOWN_SOURCE', `The source ${quote(source)} is not declared.`);
  if (!declared.topics.includes(stream)) {
    return refused('SOURCE_NOT_ALLOWED', `The source ${quote(source)} may not write ${stream}.`);
  }
  const inflated = inflate(record.value, record.headers[RAW_HEADERS.encoding]);
  if ('fault' in inflated) return refused(inflated.fault, inflated.reason);
  const digest = sha256(inflated.bytes);
  const stated = record.headers[RAW_HEADERS.document];
  if (stated !== undefined && stated !== digest) {
    return refused('DIGEST_MISMATCH', 'The bytes are not those whose digest the message states.');
  }
  const observed = record.headers[RAW_HEADERS.observedAt];
  const time = observed === undefined ? undefined : parseTime(observed, RAW_HEADERS.observedAt);
  if (time !== undefined && 'refusal' in time) return { refusal: refuseAt(place, time.refusal) };
  return {
    document: {
      source,
      stream,
      format: record.headers[RAW_HEADERS.format],
      observedAt: time?.time,
      document: digest,
      place,
      columns: record.headers[RAW_HEADERS.columns],
      bytes: inflated.bytes,
      producedAt: record.timestamp,
    },
  };
}

type Inflated =
  | { readonly bytes: Uint8Array }
  | { readonly fault: 'TOO_LARGE' | 'MALFORMED_GZIP' | 'FIELD_INVALID'; readonly reason: string };

/** A document that inflates to more than it may is given up before it is held in memory. */
function inflate(value: Uint8Array, encoding: string | undefined): Inflated {
  if (encoding !== undefined && encoding !== 'gzip') {
    return { fault: 'FIELD_INVALID', reason: `The encoding ${quote(encoding)} is not gzip.` };
  }
  try {
    const bytes = encoding === 'gzip' ? gunzipSync(value, { maxOutputLength: MAX_DOCUMENT_BYTES }) : value;
    if (bytes.length <= MAX_DOCUMENT_BYTES) return { bytes };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') {
      return { fault: 'MALFORMED_GZIP', reason: 'The value is not what gzip makes.' };
    }
  }
  return { fault: 'TOO_LARGE', reason: 'The document is larger than 16 MiB once inflated.' };
}

/** The digest of bytes, in hexadecimal, as documents are named by. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FramedDocument } from '../../consumers/format.ts';
import type { OutgoingMessage } from '../stream/producer.ts';
import { RAW_HEADERS } from '../stream/topics.ts';
import { sha256 } from './raw-document.ts';

const compress = promisify(gzip);

/** Smaller values gain nothing from compression. */
const COMPRESSED_FROM = 1024;

/** What the headers say of a document besides the document's own. */
export interface Delivery {
  readonly source: string;
  readonly format?: string | undefined;
  /** Milliseconds since 1970, UTC. */
  readonly observedAt?: number | undefined;
}

/** A document as the message of its raw topic: the counterpart of `openRaw`. */
export async function rawMessage(
  framed: Pick<FramedDocument, 'bytes' | 'place' | 'columns'> & { readonly format: string | undefined },
  delivery: Delivery,
): Promise<OutgoingMessage> {
  const { bytes, place, format, columns } = framed;
  const digest = sha256(bytes);
  const headers = rawHeaders({ place, digest, ...(columns !== undefined && { columns }) }, { ...delivery, format });
  if (bytes.length < COMPRESSED_FROM) return { key: digest, value: bytes, headers };
  const packed = await compress(bytes);
  // What is compressed already would only grow, perhaps beyond what a message may hold.
  if (packed.length >= bytes.length) return { key: digest, value: bytes, headers };
  return { key: digest, value: packed, headers: { ...headers, [RAW_HEADERS.encoding]: 'gzip' } };
}

/** The headers of a raw message whose value is not compressed. */
export function rawHeaders(
  document: { readonly place: string; readonly digest: string; readonly columns?: string },
  { source, format, observedAt }: Delivery,
): Record<string, string> {
  const { place, digest, columns } = document;
  return {
    [RAW_HEADERS.source]: source,
    [RAW_HEADERS.document]: digest,
    [RAW_HEADERS.place]: place,
    ...(format !== undefined && { [RAW_HEADERS.format]: format }),
    ...(observedAt !== undefined && { [RAW_HEADERS.observedAt]: new Date(observedAt).toISOString() }),
    ...(columns !== undefined && { [RAW_HEADERS.columns]: columns }),
  };
}

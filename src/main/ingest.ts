import { requireFile } from '../../consumers/file-chunks.ts';
import type { FramedRefusal } from '../../consumers/format.ts';
import { frameFile } from '../../consumers/framing.ts';
import { type Refusal, refuseAt } from '../../consumers/refusal.ts';
import { AppError } from '../errors.ts';
import type { Sources } from '../governance/sources.ts';
import { deadLetter, sendDeadLetters } from '../stream/dead-letters.ts';
import type { StreamProducer } from '../stream/producer.ts';
import { GROUPS, RAW_TOPICS, STREAMS, type Stream } from '../stream/topics.ts';
import { createBatches } from './ingest-batches.ts';
import { rawHeaders, rawMessage } from './raw-message.ts';

/** What to ingest, and what is said of it. */
export interface IngestRequest {
  readonly stream: Stream;
  readonly files: readonly string[];
  readonly source: string;
  /** Milliseconds since 1970 (UTC), for documents that state no time themselves. */
  readonly observedAt?: number | undefined;
  /** The id of a format of the stream; otherwise each file's first line tells. */
  readonly format?: string | undefined;
}

export interface IngestProgress {
  readonly documents: number;
  /** Uncompressed. */
  readonly bytes: number;
  readonly refused: number;
}

export interface IngestReport extends IngestProgress {
  readonly files: readonly ({ readonly path: string } & IngestProgress)[];
  /** The first refusals; `refused` counts them all. */
  readonly refusals: readonly Refusal[];
}

const MOST_REFUSALS = 100;

/**
 * Splits files into raw documents and produces them; what is no document is dead-lettered. Resolves when everything is
 * durable. To ingest the same again changes nothing in the graph.
 * @throws AppError USAGE for an undeclared source, one that may not write the stream, or an unknown format; NOT_FOUND
 * for a file that is not there (before anything is produced); STREAM_UNAVAILABLE
 */
export async function ingestFiles(
  request: IngestRequest,
  parts: {
    readonly producer: StreamProducer;
    readonly sources: Sources;
    readonly progress?: (now: IngestProgress) => void;
  },
): Promise<IngestReport> {
  const { producer, sources, progress } = parts;
  requireSource(request.source, request.stream, sources);
  for (const path of request.files) await requireFile(path);
  const files: IngestReport['files'][number][] = [];
  const refusals: Refusal[] = [];
  for (const path of request.files) {
    const before = total(files);
    const report = await ingestFile(path, request, producer, refusals, (now) => progress?.(add(before, now)));
    files.push({ path, ...report });
  }
  return { ...total(files), files, refusals };
}

async function ingestFile(
  path: string,
  request: IngestRequest,
  producer: StreamProducer,
  refusals: Refusal[],
  progress: (now: IngestProgress) => void,
): Promise<IngestProgress> {
  let now: IngestProgress = { documents: 0, bytes: 0, refused: 0 };
  const batches = createBatches((messages) => producer.send(RAW_TOPICS[request.stream], messages));
  try {
    for await (const framed of frameFile(path, request.stream, { format: request.format })) {
      if (framed.kind === 'document') {
        const message = await rawMessage(framed, request);
        await batches.add(message);
        now = add(now, { documents: 1, bytes: framed.bytes.length, refused: 0 });
      } else {
        await sendRefusal(framed, request, producer);
        if (refusals.length < MOST_REFUSALS) refusals.push(refuseAt(framed.place, framed));
        now = add(now, { documents: 0, bytes: 0, refused: 1 });
      }
      progress(now);
    }
  } finally {
    await batches.close();
  }
  return now;
}

async function sendRefusal(framed: FramedRefusal, request: IngestRequest, producer: StreamProducer): Promise<void> {
  const { code, reason, place, digest, original, truncated } = framed;
  const { source, stream } = request;
  const headers = rawHeaders(
    { place, digest, ...(framed.columns !== undefined && { columns: framed.columns }) },
    request,
  );
  const refused = { source, stream, document: digest, place, code, reason, original, truncated, headers };
  await sendDeadLetters(producer, GROUPS.ingest, [deadLetter(refused, Date.now())]);
}

/** @throws AppError USAGE with what is possible instead */
function requireSource(id: string, stream: Stream, sources: Sources): void {
  const able = sources.all().filter((source) => source.topics.includes(stream));
  const writers = able.map((source) => source.id).join(', ');
  const source = sources.get(id);
  if (source === undefined) {
    const message = `The source ${JSON.stringify(id)} is not declared in governance/sources.yaml. ${stream} is written by: ${writers}.`;
    throw new AppError('USAGE', message, { source: id });
  }
  if (!source.topics.includes(stream)) {
    throw new AppError('USAGE', `The source ${id} may not write ${stream}, which is written by: ${writers}.`, {
      source: id,
    });
  }
}

/** @throws AppError USAGE with the streams that there are */
export function requireStream(name: string): Stream {
  const stream = STREAMS.find((known) => known === name);
  if (stream !== undefined) return stream;
  throw new AppError('USAGE', `There is no stream ${JSON.stringify(name)}. The streams are: ${STREAMS.join(', ')}.`);
}

function add(a: IngestProgress, b: IngestProgress): IngestProgress {
  return { documents: a.documents + b.documents, bytes: a.bytes + b.bytes, refused: a.refused + b.refused };
}

function total(files: readonly IngestProgress[]): IngestProgress {
  return files.reduce(add, { documents: 0, bytes: 0, refused: 0 });
}

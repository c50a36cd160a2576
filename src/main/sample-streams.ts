import type { Sources } from '../governance/sources.ts';
import { createOffsetStore } from '../graph/offsets.ts';
import { type Kafka, withAdmin } from '../stream/kafka.ts';
import { createProducer } from '../stream/producer.ts';
import type { Context } from './context.ts';
import { publishedVersions, waitUntilPublished } from './graph-version.ts';
import { ingestFiles } from './ingest.ts';
import { loadGovernedSources } from './knowledge.ts';
import { loadSample } from './sample.ts';
import { lagOf, waitUntilApplied } from './stream-status.ts';

export interface BundledSample {
  readonly context: Context;
  readonly kafka: Kafka;
  readonly folder: string;
  readonly progress: (text: string) => void;
  readonly stop: AbortSignal;
}

/**
 * Sends what is missing of the sample through the streams, and returns when all of it is in the graph.
 * @returns the graph version that reflects it
 */
export async function loadBundledSample({ context, kafka, folder, progress, stop }: BundledSample): Promise<string> {
  const { clusterId } = await withAdmin(kafka, (admin) => admin.describeCluster());
  const sources = await loadGovernedSources();
  const producer = createProducer(kafka);
  try {
    await loadSample({
      folder,
      home: context.config.home,
      cluster: clusterId,
      ingest: async (path, { file, stream, source, observedAt, format }) => {
        const request = { stream, files: [path], source, format, observedAt: observedAt?.getTime() };
        await ingestFiles(request, {
          producer,
          sources,
          progress: ({ documents }) => {
            stop.throwIfAborted();
            progress(`${file}: ${documents.toLocaleString('en')} documents sent`);
          },
        });
      },
    });
  } finally {
    await producer.close();
  }
  return untilInGraph({ context, kafka, progress, stop }, sources);
}

async function untilInGraph(
  { context, kafka, progress, stop }: Omit<BundledSample, 'folder'>,
  sources: Sources,
): Promise<string> {
  const driver = context.openDriver();
  try {
    await waitUntilApplied(
      { kafka, offsets: createOffsetStore(driver) },
      { signal: stop, progress: (status) => progress(`${lagOf(status).toLocaleString('en')} messages to go`) },
    );
    await waitUntilPublished(driver, stop);
    return (await publishedVersions(driver, kafka, sources)).graphVersion;
  } finally {
    await driver.close();
  }
}

import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { STREAMS } from '../stream/topics.ts';
import { readYamlFile } from '../yaml.ts';

const sampleFile = z.object({
  files: z.array(
    z.strictObject({
      stream: z.enum(STREAMS),
      /** Beside sample.yaml. */
      file: z.string().min(1),
      source: z.string().min(1),
      /** When it was seen, for files that don't say: ISO 8601 with its offset. */
      observedAt: z.iso
        .datetime({ offset: true })
        .transform((text) => new Date(text))
        .optional(),
      format: z.string().optional(),
    }),
  ),
});

/** One file of the bundled sample, and how it is to be ingested. */
export type SampleFile = z.infer<typeof sampleFile>['files'][number];

export interface LoadSample {
  /** The folder with sample.yaml and its files. */
  readonly folder: string;
  readonly home: string;
  /** Names the Kafka that the sample goes to: what is in one is not yet in another. */
  readonly cluster: string;
  ingest(path: string, file: SampleFile): Promise<void>;
}

/**
 * Ingests the files of the sample that this Kafka doesn't hold yet. A file is remembered only when all of it was taken,
 * so one that was cut off is ingested again from its beginning: the graph is the same, since it is a fold.
 * @returns how many files were ingested now.
 */
export async function loadSample({ folder, home, cluster, ingest }: LoadSample): Promise<number> {
  const memory = join(home, 'sample-loaded.json');
  const loaded = new Set(existsSync(memory) ? z.array(z.string()).parse(JSON.parse(readFileSync(memory, 'utf8'))) : []);
  let count = 0;
  for (const file of readYamlFile(join(folder, 'sample.yaml'), sampleFile).files) {
    const path = join(folder, file.file);
    const mark = await digestOf(path, [cluster, file]);
    if (loaded.has(mark)) continue;
    await ingest(path, file);
    loaded.add(mark);
    count += 1;
    writeFileSync(`${memory}.new`, JSON.stringify([...loaded]));
    renameSync(`${memory}.new`, memory);
  }
  return count;
}

async function digestOf(path: string, context: unknown): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(context));
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

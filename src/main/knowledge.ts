import { createHash } from 'node:crypto';
import manifest from 'tldts/package.json' with { type: 'json' };
import type { Knowledge } from '../../consumers/document.ts';
import { loadDetector } from '../detection/detector.ts';
import { loadSources, type Sources } from '../governance/sources.ts';
import { inProgram } from '../program.ts';

/** The folder of the detection rules. */
export const DETECTION_FOLDER = inProgram('detection');

/** The file that declares the sources. */
export const SOURCES_FILE = inProgram('governance/sources.yaml');

/** The declared sources alone. @throws AppError CONFIG_INVALID */
export async function loadGovernedSources(): Promise<Sources> {
  return (await loadSources(SOURCES_FILE)).sources;
}

/** What fan-out decides by, and the digest that stands for it: a graph that was made by another has to be made again. */
export interface Governed {
  readonly knowledge: Knowledge;
  readonly digest: string;
}

/**
 * Detection rules, declared sources and the Public Suffix List: the graph is a function of the events and of these.
 * @throws AppError CONFIG_INVALID
 */
export async function loadKnowledge(): Promise<Governed> {
  const [rules, declared] = await Promise.all([loadDetector(DETECTION_FOLDER), loadSources(SOURCES_FILE)]);
  // The list is compiled into tldts, so the package's version stands for it.
  const parts = { rules: rules.digest, sources: declared.digest, suffixes: manifest.version };
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return { knowledge: { detector: rules.detector, sources: declared.sources }, digest };
}

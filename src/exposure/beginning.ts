import type { Sources } from '../governance/sources.ts';
import type { Driver } from '../graph/driver.ts';
import { inSession } from '../graph/offsets.ts';
import { run } from '../graph/statement.ts';
import { graphId } from '../graph/statements/offset.ts';
import type { Logger } from '../logger.ts';
import { type Kafka, type LogEnd, logEnds } from '../stream/kafka.ts';
import { positionKey } from '../stream/positions.ts';
import type { Facts } from './facts.ts';
import { loadFacts } from './load.ts';
import { readFacts } from './saved-file.ts';
import { exposureTopics } from './version.ts';

export interface FactsFrom {
  readonly driver: Driver;
  readonly kafka: Kafka;
  readonly sources: Sources;
  readonly logger: Logger;
  /** Where the facts are saved between two runs; absent: nowhere. */
  readonly file?: string | undefined;
}

/** Where an index begins. */
export interface Beginning {
  readonly facts: Facts;
  readonly positions: Map<string, number>;
  readonly graph: string;
}

/**
 * The saved facts where they are of this database, whole, not to be avoided (`isFresh`) and the changes since are still
 * there; else those of the database.
 * @throws AppError DATABASE_UNAVAILABLE, QUERY_TIMEOUT, STREAM_UNAVAILABLE
 */
export async function begin({ driver, kafka, sources, logger, file }: FactsFrom, isFresh: boolean): Promise<Beginning> {
  const rankOf = (source: string): number => sources.get(source)?.rank ?? Number.MAX_SAFE_INTEGER;
  const graph = await identityOf(driver);
  const ends = await logEnds(kafka, exposureTopics(sources));
  const begun = performance.now();
  const saved = file === undefined || isFresh ? undefined : await readSaved(file, rankOf, logger);
  if (saved !== undefined && saved.state.graph === graph) {
    const held = new Map(saved.state.positions);
    // A partition that was added since is read from its start.
    const positions = new Map(ends.map((e) => [keyOf(e), held.get(keyOf(e)) ?? e.start]));
    if (ends.every((e) => isInside(e, positions.get(keyOf(e))))) {
      logger.info(
        { claims: saved.facts.uses.count, ms: Math.round(performance.now() - begun) },
        'the exposure index is read from its file',
      );
      return { facts: saved.facts, positions, graph };
    }
  }
  const positions = new Map(ends.map((e) => [keyOf(e), e.end]));
  const facts = await loadFacts(driver, rankOf);
  logger.info(
    { claims: facts.uses.count, ms: Math.round(performance.now() - begun) },
    'the exposure index is loaded from the graph',
  );
  return { facts, positions, graph };
}

/** As positions are kept by. */
export const keyOf = ({ topic, partition }: LogEnd): string => positionKey(topic, partition);
const isInside = ({ start, end }: LogEnd, next = -1): boolean => next >= start && next <= end;

async function readSaved(file: string, rankOf: (source: string) => number, logger: Logger) {
  try {
    return await readFacts(file, rankOf);
  } catch (error) {
    logger.warn({ file, reason: String(error) }, 'the saved exposure index cannot be read');
    return undefined;
  }
}

/** Which database it is; empty where none was set up. */
export const identityOf = async (driver: Driver): Promise<string> =>
  (await inSession(driver, 'READ', (tx) => run(tx, graphId, {})))[0]?.graph ?? '';

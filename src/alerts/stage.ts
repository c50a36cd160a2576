import { setTimeout as sleep } from 'node:timers/promises';
import { beginAlerts, raiseAlerts } from '../graph/alerts.ts';
import type { Driver } from '../graph/driver.ts';
import type { Slice } from '../graph/offsets.ts';
import type { Logger } from '../logger.ts';
import type { QueryContext } from '../queries/context.ts';
import { createFinder } from './find.ts';
import { type ChangeRecord, readTriggers } from './triggers.ts';

export interface AlertStageDeps {
  readonly driver: Driver;
  readonly context: QueryContext;
  /** Those with sources of their own. */
  readonly tenants: readonly string[];
  readonly logger: Logger;
  /** Whose positions it moves on. */
  readonly group: string;
}

/** Changes of one topic, in order. */
export interface ChangeSlice extends Omit<Slice, 'group'> {
  readonly records: readonly ChangeRecord[];
}

/** How long changes gather, in ms, while there is no portfolio: nobody waits, and each slice costs a transaction. */
const NOBODY_WAITS_MS = 1_000;

/**
 * Changes of the graph → alerts. What is exposed is computed from the database as it is, so a change that is looked at
 * late, or again, does no harm: one case has one alert.
 */
export function createAlertStage({ driver, context, tenants, logger, group }: AlertStageDeps) {
  const finder = createFinder(context, tenants, logger);
  /** Of the group, as this process has seen it; and the one for which all was read, and nothing has failed since. */
  let generation = 0;
  let readFor: number | undefined;
  /** When changes were last left to gather, ms since 1970. */
  let gatheredAt = 0;

  return {
    /** Call where another member of the group may have gone on since: what is remembered is read again. */
    forget(): void {
      generation += 1;
    },

    /**
     * Where this database has never raised alerts: what its portfolios are exposed to now is known and warns nobody, as
     * after a replay, and reading begins at these positions.
     */
    async begin(ends: readonly Omit<Slice, 'group' | 'next'>[]): Promise<void> {
      const slices = ends.map((end) => ({ ...end, group, next: end.from }));
      await beginAlerts(driver, slices, await finder.all());
    },

    /** @throws AppError FENCED where another process raises alerts; a retryable one where the database is away */
    async handle({ topic, partition, from, next, records }: ChangeSlice): Promise<void> {
      const current = generation;
      if (readFor !== current) await finder.begin();
      if (finder.isNobodyThere() && Date.now() - gatheredAt > NOBODY_WAITS_MS) {
        await sleep(NOBODY_WAITS_MS);
        gatheredAt = Date.now();
      }
      // Until it is written, what was found would be lost: then all is looked at again.
      readFor = undefined;
      const found = await finder.find(readTriggers(topic, records));
      const raised = await raiseAlerts(driver, { group, topic, partition, from, next }, found, Date.now());
      readFor = current;
      if (raised > 0) logger.info({ raised, topic }, 'alerts raised');
    },
  };
}

import { createHash } from 'node:crypto';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { AlertRaisedSchema } from '../stream/generated/avd/alerts/v1/alerts_pb.ts';
import { CHANGE_TOPICS } from '../stream/topics.ts';
import type { Change } from './changes.ts';
import { type Driver, integer, integerOrNull, type ManagedTransaction } from './driver.ts';
import { keepNews, type News } from './news.ts';
import { advance, fence, inSession, offsetId, type Slice } from './offsets.ts';
import { putChanges } from './outbox.ts';
import { portfolioKey } from './portfolio-state.ts';
import { run } from './statement.ts';
import { type AlertValues, holdAlertSequences, knownAlerts, writeAlerts } from './statements/alert.ts';

/** A portfolio is exposed to an incident. */
export interface Exposure {
  readonly tenant: string;
  readonly portfolio: string;
  /** `<source>:<id>`. */
  readonly incident: string;
  /** Organizations that it follows and that are hit themselves or by way of others. */
  readonly exposed: number;
  /** Keys of organizations, from one that is followed to one that is affected. */
  readonly paths: readonly (readonly string[])[];
  /**
   * `known`: it was there when the portfolio came to follow it, and warns nobody. `raise`: it warns where nothing is known
   * of it. `arrived`: the incident has just come, and it warns also where it was only known. `learned`: a change that was
   * published at `learnedAt` is a part of it, and it warns also where it was noted as known only after that.
   */
  readonly reason: 'known' | 'raise' | 'arrived' | 'learned';
  /** Milliseconds since 1970, UTC. */
  readonly learnedAt?: number;
}

/** What a slice of changes comes to for customers. */
export interface Found {
  readonly exposures: readonly Exposure[];
  readonly news: readonly News[];
}

/** Of tenant, portfolio and incident, so that one case has one alert whatever is sent again. */
export function alertId(tenant: string, portfolio: string, incident: string): string {
  return createHash('sha256')
    .update(JSON.stringify([tenant, portfolio, incident]))
    .digest('base64url')
    .slice(0, 32);
}

/**
 * Raises what is new of these exposures (each case is among them once), keeps the news, and moves the position on, in
 * one transaction with the messages that tell of it: killed at any moment, it has raised each alert once.
 * @param raisedAt milliseconds since 1970, UTC
 * @returns how many were raised
 * @throws AppError FENCED where another process raises alerts
 */
export function raiseAlerts(
  driver: Driver,
  slice: Slice,
  { exposures, news }: Found,
  raisedAt: number,
): Promise<number> {
  return inSession(driver, 'WRITE', async (tx) => {
    await fence(tx, [slice]);
    const raised = exposures.length === 0 ? 0 : await raise(tx, slice, exposures, raisedAt);
    await keepNews(tx, news, raisedAt);
    const isApplied = slice.next > slice.from && raised + news.length > 0;
    const applied = isApplied ? 1 : 0;
    const counters = { applied, superseded: 0, deadLettered: 0, filtered: slice.next - slice.from - applied };
    await advance(tx, [{ ...slice, counters }]);
    return raised;
  });
}

/** Notes the exposures that are there when alerts are begun with, and where reading begins, in one transaction. */
export function beginAlerts(driver: Driver, begin: readonly Slice[], exposures: readonly Exposure[]): Promise<void> {
  const counters = { applied: 0, superseded: 0, deadLettered: 0, filtered: 0 };
  return inSession(driver, 'WRITE', async (tx) => {
    const [first] = begin;
    if (first === undefined) return;
    await fence(tx, begin);
    if (exposures.length > 0) await raise(tx, first, exposures, 0);
    await advance(
      tx,
      begin.map((slice) => ({ ...slice, counters })),
    );
  });
}

async function raise(
  tx: ManagedTransaction,
  slice: Slice,
  exposures: readonly Exposure[],
  raisedAt: number,
): Promise<number> {
  const keys = [...new Set(exposures.map(({ tenant, portfolio }) => portfolioKey(tenant, portfolio)))].sort();
  const last = new Map((await run(tx, holdAlertSequences, { keys })).map(({ key, sequence }) => [key, sequence]));
  const ids = exposures.map(({ tenant, portfolio, incident }) => alertId(tenant, portfolio, incident));
  const known = new Map((await run(tx, knownAlerts, { ids })).map((row) => [row.id, row]));
  const rows: AlertValues[] = [];
  const changes: Change[] = [];
  for (const exposure of exposures) {
    const id = alertId(exposure.tenant, exposure.portfolio, exposure.incident);
    const key = portfolioKey(exposure.tenant, exposure.portfolio);
    // A portfolio that is gone warns nobody.
    if (!last.has(key) || !isNews(exposure, known.get(id))) continue;
    const sequence = exposure.reason === 'known' ? undefined : (last.get(key) ?? 0) + 1;
    if (sequence !== undefined) {
      last.set(key, sequence);
      changes.push(alertChange(id, exposure, sequence, raisedAt));
    }
    rows.push(values(id, key, exposure, sequence, raisedAt));
  }
  if (rows.length > 0) await run(tx, writeAlerts, { rows });
  await putChanges(tx, `${offsetId(slice)}/${slice.from}`, changes);
  return changes.length;
}

/** How far the clocks of those who publish, follow and note may be apart, in ms. */
export const CLOCKS_APART = 5_000;

function isNews(
  { reason, learnedAt = 0 }: Exposure,
  held: { readonly isRaised: boolean; readonly notedAt: number } | undefined,
): boolean {
  if (held === undefined) return true;
  if (held.isRaised) return false;
  return reason === 'arrived' || (reason === 'learned' && learnedAt <= held.notedAt + CLOCKS_APART);
}

/** Restores alerts from the messages that told of them, in a database that was built again. May be repeated. */
export async function restoreAlerts(driver: Driver, messages: readonly Uint8Array[]): Promise<void> {
  const rows = messages.map((message) => {
    const { id, tenant, portfolio, incident, paths, ...numbers } = fromBinary(AlertRaisedSchema, message);
    const exposed = Number(numbers.exposed);
    const exposure = { tenant, portfolio, incident, exposed, paths: paths.map((path) => path.organizations) };
    const key = portfolioKey(tenant, portfolio);
    return values(id, key, exposure, Number(numbers.sequence), Number(numbers.raisedAt));
  });
  if (rows.length > 0) await inSession(driver, 'WRITE', (tx) => run(tx, writeAlerts, { rows }));
}

function values(
  id: string,
  portfolio: string,
  { incident, exposed, paths }: Pick<Exposure, 'incident' | 'exposed' | 'paths'>,
  sequence: number | undefined,
  raisedAt: number,
): AlertValues {
  return {
    id,
    portfolio,
    incident,
    sequence: integerOrNull(sequence),
    raisedAt: integer(raisedAt),
    exposed: integer(exposed),
    paths: paths.map((path) => JSON.stringify(path)),
  };
}

function alertChange(id: string, exposure: Exposure, sequence: number, raisedAt: number): Change {
  const { tenant, portfolio, incident, exposed, paths } = exposure;
  const message = create(AlertRaisedSchema, {
    id,
    tenant,
    portfolio,
    incident,
    sequence: BigInt(sequence),
    raisedAt: BigInt(raisedAt),
    exposed: BigInt(exposed),
    paths: paths.map((organizations) => ({ organizations: [...organizations] })),
  });
  const value = toBinary(AlertRaisedSchema, message);
  return { topic: CHANGE_TOPICS.alert, key: portfolioKey(tenant, portfolio), value };
}

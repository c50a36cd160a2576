import type { Reference } from './actions.ts';
import type { Batch } from './batch.ts';
import { integer, integerOrNull, type ManagedTransaction } from './driver.ts';
import { type Entity, identify, identifyEnd } from './fold.ts';
import {
  type FollowingEntity,
  type PortfolioEntity,
  type PortfolioState,
  portfolioKey,
  type Register,
} from './portfolio-state.ts';
import { run } from './statement.ts';
import { holdPortfolios, readFollowings, updatePortfolios, writeFollowings } from './statements/portfolio.ts';

/** How portfolios are kept in the database, apart from the facts, and read again. docs/architecture.md lists it. */

/** Makes the portfolios that are missing, locks them, and with them what they follow, and reads the states of both. */
export async function readPortfolios(
  tx: ManagedTransaction,
  { portfolios, followings }: Pick<Batch, 'portfolios' | 'followings'>,
): Promise<Entity[]> {
  if (portfolios.length === 0) return [];
  const held = await run(tx, holdPortfolios, { keys: portfolios });
  const known = held.flatMap(({ properties }) => ('changedAt' in properties ? [toPortfolio(properties)] : []));
  const byKey = new Map([...followings.values()].map((following) => [followingKey(following), following]));
  const rows = byKey.size === 0 ? [] : await run(tx, readFollowings, { keys: [...byKey.keys()] });
  return [...known, ...rows.flatMap(({ key, ...state }) => stateOf(byKey.get(key), state))];
}

function stateOf(
  following: FollowingEntity | undefined,
  { isFollowed, time, event }: { isFollowed: boolean; time: number; event: string },
): FollowingEntity[] {
  return following === undefined ? [] : [{ ...following, state: { value: isFollowed, time, event } }];
}

/** Writes the new states of what a batch has changed. */
export async function writePortfolios(tx: ManagedTransaction, dirty: readonly Entity[]): Promise<void> {
  const portfolios = dirty.filter((e) => e.entity === 'portfolio').map(portfolioProperties);
  const followings = dirty.filter((e) => e.entity === 'following').map(followingProperties);
  if (portfolios.length > 0) await run(tx, updatePortfolios, { rows: portfolios });
  if (followings.length > 0) await run(tx, writeFollowings, { rows: followings });
}

/** The key of a following: unique over all portfolios. */
export const followingKey = (following: FollowingEntity): string => identify(following).slice(2);

function portfolioProperties({ tenant, id, state }: PortfolioEntity) {
  const key = portfolioKey(tenant, id);
  const { name, alertDepth } = state;
  const properties = {
    key,
    tenant,
    id,
    createdAt: integerOrNull(state.createdAt),
    deletedAt: integerOrNull(state.deletedAt),
    changedAt: integer(state.changedAt),
    name: name?.value ?? null,
    nameAt: integerOrNull(name?.time),
    nameBy: name?.event ?? null,
    alertDepth: integerOrNull(alertDepth?.value),
    alertDepthAt: integerOrNull(alertDepth?.time),
    alertDepthBy: alertDepth?.event ?? null,
  };
  return { key, properties };
}

function toPortfolio(properties: Readonly<Record<string, unknown>>): PortfolioEntity {
  const p = properties as {
    tenant: string;
    id: string;
    createdAt?: number;
    deletedAt?: number;
    changedAt: number;
    name?: string;
    nameAt?: number;
    nameBy?: string;
    alertDepth?: number;
    alertDepthAt?: number;
    alertDepthBy?: string;
  };
  const state: PortfolioState = {
    createdAt: p.createdAt,
    deletedAt: p.deletedAt,
    changedAt: p.changedAt,
    name: register(p.name, p.nameAt, p.nameBy),
    alertDepth: register(p.alertDepth, p.alertDepthAt, p.alertDepthBy),
  };
  return { entity: 'portfolio', tenant: p.tenant, id: p.id, state };
}

function register<T>(value: T | undefined, time: number | undefined, event = ''): Register<T> | undefined {
  return value === undefined || time === undefined ? undefined : { value, time, event };
}

function followingProperties(following: FollowingEntity) {
  const { portfolio, reference, state } = following;
  return {
    portfolio,
    key: followingKey(following),
    kind: reference.kind,
    name: nameOf(reference),
    isFollowed: state.value,
    time: state.time,
    event: state.event,
  };
}

const nameOf = (reference: Reference): string => identifyEnd(reference).slice(2);

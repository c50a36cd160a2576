import type { ChangePortfolio, Reference } from './actions.ts';

/** Portfolios as a fold of their own: every field, and whether each thing is followed, is a register. */

/** The newest value, by (time, event). */
export interface Register<T> {
  readonly value: T;
  readonly time: number;
  readonly event: string;
}

export interface PortfolioEntity {
  readonly entity: 'portfolio';
  readonly tenant: string;
  readonly id: string;
  readonly state: PortfolioState;
}

export interface PortfolioState {
  /** Least; absent: an event that speaks of it has come before the one that creates it, and it is not shown. */
  readonly createdAt: number | undefined;
  /** Greatest; a deletion is never taken back. */
  readonly deletedAt: number | undefined;
  /** Greatest of all that was said of it. */
  readonly changedAt: number;
  readonly name: Register<string> | undefined;
  readonly alertDepth: Register<number> | undefined;
}

export interface FollowingEntity {
  readonly entity: 'following';
  /** See `portfolioKey`. */
  readonly portfolio: string;
  readonly reference: Reference;
  readonly state: Register<boolean>;
}

/** What a portfolio is found by. A portfolio's id has no slash. */
export const portfolioKey = (tenant: string, id: string): string => `${tenant}/${id}`;

/** What one change says, as states of the portfolio and of what it follows. */
export function liftPortfolio(action: ChangePortfolio): (PortfolioEntity | FollowingEntity)[] {
  const { tenant, portfolio: id, time, event, change } = action;
  const bare: PortfolioState = {
    createdAt: undefined,
    deletedAt: undefined,
    changedAt: time,
    name: undefined,
    alertDepth: undefined,
  };
  const register = <T>(value: T): Register<T> => ({ value, time, event });
  const saying = (said: Partial<PortfolioState>): PortfolioEntity => ({
    entity: 'portfolio',
    tenant,
    id,
    state: { ...bare, ...said },
  });
  switch (change.kind) {
    case 'created':
      return [saying({ createdAt: time, name: register(change.name), alertDepth: register(change.alertDepth) })];
    case 'renamed':
      return [saying({ name: register(change.name) })];
    case 'deleted':
      return [saying({ deletedAt: time })];
    case 'alert-depth-set':
      return [saying({ alertDepth: register(change.alertDepth) })];
    case 'followed':
    case 'unfollowed': {
      const state = register(change.kind === 'followed');
      const portfolio = portfolioKey(tenant, id);
      return [
        saying({}),
        ...change.references.map(
          (reference): FollowingEntity => ({ entity: 'following', portfolio, reference, state }),
        ),
      ];
    }
  }
}

/** Gives `a` itself where `b` adds nothing to it. */
export function joinPortfolios(a: PortfolioEntity, b: PortfolioEntity): PortfolioEntity {
  const [x, y] = [a.state, b.state];
  const state: PortfolioState = {
    createdAt: least(x.createdAt, y.createdAt),
    deletedAt: greatest(x.deletedAt, y.deletedAt),
    changedAt: Math.max(x.changedAt, y.changedAt),
    name: newest(x.name, y.name),
    alertDepth: newest(x.alertDepth, y.alertDepth),
  };
  const isSame =
    state.createdAt === x.createdAt &&
    state.deletedAt === x.deletedAt &&
    state.changedAt === x.changedAt &&
    state.name === x.name &&
    state.alertDepth === x.alertDepth;
  return isSame ? a : { ...a, state };
}

/** Gives `a` itself where `b` adds nothing to it. */
export const joinFollowings = (a: FollowingEntity, b: FollowingEntity): FollowingEntity =>
  newest(a.state, b.state) === a.state ? a : b;

function newest<T>(a: Register<T> | undefined, b: Register<T> | undefined): Register<T> | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.time > a.time || (b.time === a.time && b.event > a.event) ? b : a;
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

function greatest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

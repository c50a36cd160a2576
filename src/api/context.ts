import type { GraphQLResolveInfo } from 'graphql';
import { type Sources, sourcesSeenBy } from '../governance/sources.ts';
import type { AlertQueries } from '../queries/alert.ts';
import type { DecisionQueries } from '../queries/decision.ts';
import type { PortfolioQueries } from '../queries/portfolio.ts';
import type { ExposureQueries } from '../queries/types.ts';
import type { Corrections } from './corrections.ts';
import type { Begun, DearQuery, Outcome } from './elsewhere.ts';
import type { Feeds } from './feeds.ts';
import { createLoaders, type Loaders } from './loaders.ts';
import type { PortfolioChanges } from './portfolio-changes.ts';
import { askInTurns } from './turns.ts';
import type { Viewer } from './viewer.ts';

/** What the resolvers of one request share. */
export interface ApiContext extends Begun {
  readonly viewer: Viewer;
  /** Aborts when the client goes. */
  readonly signal: AbortSignal;
  /** Given up at the request's deadline, and when the client goes; as the viewer's tenant sees the graph. */
  readonly queries: ExposureQueries;
  readonly loaders: Loaders;
  /** Given up as `queries` are. */
  readonly portfolios: PortfolioQueries;
  readonly alerts: AlertQueries;
  /** What is told as it happens; absent where the request came by HTTP. */
  readonly feeds?: Feeds | undefined;
  readonly portfolioChanges: PortfolioChanges;
  /** Given up as `queries` are. */
  readonly decisions: DecisionQueries;
  readonly corrections: Corrections;
  /** Everybody's, and those of the viewer's tenant. */
  readonly sources: Sources;
  /** Noted when it has been answered. */
  readonly outcome: Outcome & {
    /** A portfolio or a decision has its part in it: what it says may change without the graph's version. */
    isUnversioned?: boolean;
    /** What it was estimated to cost, in items, once that is known. */
    cost?: number;
    /** Called at its end: a dear one gives its turn to the next. */
    endTurn?: () => void;
    /** A dear query, whose answer is made elsewhere. */
    dear?: DearQuery;
  };
}

export interface ContextDeps {
  readonly queries: ExposureQueries;
  readonly portfolios: PortfolioQueries;
  readonly alerts: AlertQueries;
  readonly portfolioChanges: PortfolioChanges;
  readonly decisions: DecisionQueries;
  readonly corrections: Corrections;
  readonly sources: Sources;
  /** How long an answer may take, in ms. */
  readonly timeLimit: number;
  readonly version?: ((tenant: string) => string | undefined) | undefined;
  /** What time it is, ms since 1970. */
  readonly clock?: (() => number) | undefined;
}

/** Who waits for an answer. */
export interface Caller {
  readonly viewer: Viewer;
  /** Aborts when nobody waits any more. */
  readonly signal: AbortSignal;
  /** There where another thread has begun the request. */
  readonly begun?: Begun | undefined;
}

/** Makes the context of a request, which begins now if it has not. */
export function createContext(
  {
    queries,
    portfolios,
    alerts,
    portfolioChanges,
    decisions,
    corrections,
    sources,
    timeLimit,
    version,
    clock = Date.now,
  }: ContextDeps,
  { viewer, signal, begun }: Caller,
): ApiContext {
  const { now, deadline, graphVersion }: Begun = begun ?? {
    now: clock(),
    deadline: Date.now() + timeLimit,
    graphVersion: version?.(viewer.tenant),
  };
  const outcome: ApiContext['outcome'] = { isWhole: false };
  const seen = queries.within(deadline, signal).seenBy(viewer.tenant);
  const limited = askInTurns(seen, () => outcome.cost);
  return {
    viewer,
    deadline,
    signal,
    queries: limited,
    loaders: createLoaders(limited, now),
    portfolios: portfolios.within(deadline, signal),
    alerts: alerts.within(deadline, signal),
    portfolioChanges,
    decisions: decisions.within(deadline, signal),
    corrections,
    sources: sourcesSeenBy(sources, viewer.tenant),
    now,
    graphVersion,
    outcome,
  };
}

/** How a resolver is written: its parent, its arguments as they came, the context, what is selected. */
export type Resolver<Parent = unknown> = (
  parent: Parent,
  args: Record<string, unknown>,
  context: ApiContext,
  info: GraphQLResolveInfo,
) => unknown;

/** A type's fields that need more than a property of the parent. */
export type Resolvers<Parent> = Readonly<Record<string, Resolver<Parent>>>;

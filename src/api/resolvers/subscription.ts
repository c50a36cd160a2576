import { z } from 'zod';
import { AppError } from '../../errors.ts';
import type { Alert } from '../../queries/alert.ts';
import { parse } from '../arguments.ts';
import type { ApiContext, Resolver, Resolvers } from '../context.ts';
import { decodeCursor, encodeCursor } from '../cursors.ts';
import type { Feeds, PortfolioChangeEvent } from '../feeds.ts';
import { alertNode, claimNode, loadReference } from '../nodes.ts';
import { requirePortfolio } from './portfolio.ts';
import { sourceOf } from './source.ts';

const feedArguments = z.object({ portfolio: z.string(), after: z.string().nullish() });

/** @throws AppError BAD_ARGUMENT where the document came by HTTP */
function feedsOf({ feeds }: ApiContext): Feeds {
  if (feeds === undefined) throw new AppError('BAD_ARGUMENT', 'Subscriptions come by WebSocket, at the same path.');
  return feeds;
}

const told =
  <T>(show: (event: T) => unknown): Resolver =>
  (event, _, context) => {
    feedsOf(context);
    return show(event as T);
  };

const alerts = {
  subscribe: async (_: unknown, args: Record<string, unknown>, context: ApiContext) => {
    const { portfolio, after } = parse(feedArguments, args);
    const feeds = feedsOf(context);
    const found = await requirePortfolio('portfolio', portfolio, context);
    const sequence = typeof after === 'string' ? Number(decodeCursor('alerts', after).key[0]) : undefined;
    return feeds.alerts(found, sequence, context.signal);
  },
  resolve: told<Alert>(alertNode),
};

const changes = {
  subscribe: async (_: unknown, args: Record<string, unknown>, context: ApiContext) => {
    const { portfolio, after } = parse(feedArguments, args);
    const feeds = feedsOf(context);
    const found = await requirePortfolio('portfolio', portfolio, context);
    return feeds.changes(found, typeof after === 'string' ? positionOf(after) : undefined, context.signal);
  },
  resolve: told<PortfolioChangeEvent>((change) => change),
};

function positionOf(cursor: string): { readonly graph: string; readonly sequence: number } {
  const [graph, sequence] = decodeCursor('changes', cursor).key;
  return { graph: String(graph), sequence: Number(sequence) };
}

const portfolioChange: Resolvers<PortfolioChangeEvent> = {
  cursor: ({ graph, sequence, at }) => encodeCursor('changes', { at, key: [graph, sequence] }),
  notedAt: ({ at }) => at,
  service: ({ claim }) => claim.service,
  source: ({ claim }, _, context) => sourceOf(claim.source, context),
  subject: ({ claim }, _, context) => loadReference(claim.subject, context),
  object: ({ claim }, _, context) => loadReference(claim.object, context),
  claim: async ({ kind, claim }, _, { loaders }) => {
    const found = kind === 'CLAIMED' ? await loaders.claim.load(claim) : undefined;
    return found === undefined ? null : claimNode(found);
  },
};

export const subscriptionResolvers = { Subscription: { alerts, changes }, PortfolioChange: portfolioChange };

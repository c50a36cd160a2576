import { z } from 'zod';
import { AppError } from '../../errors.ts';
import type { Following, Portfolio } from '../../queries/portfolio.ts';
import type { Scope } from '../../queries/types.ts';
import { page, pageRequest, parse } from '../arguments.ts';
import { connectionResolvers, toConnection } from '../connection.ts';
import type { ApiContext, Resolvers } from '../context.ts';
import { idOfPortfolio, portfolioIdOf } from '../ids.ts';
import { findPortfolio, organizationNode, type PortfolioNode, portfolioNode } from '../nodes.ts';
import { alertFields } from './alert.ts';

const pageArguments = z.object(page(50));

export const portfolioQueries: Resolvers<unknown> = {
  portfolio: async (_, { id }, context) => portfolioNode(await requirePortfolio('id', String(id), context)),
  portfolios: async (_, args, { portfolios, viewer, now, outcome }) => {
    outcome.isUnversioned = true;
    const request = pageRequest('portfolios', parse(pageArguments, args), now);
    return toConnection('portfolios', await portfolios.portfolios(viewer.tenant, request), request, portfolioNode);
  },
};

/**
 * A portfolio that an argument names.
 * @throws AppError NOT_FOUND where the viewer's tenant has none of this id
 */
export async function requirePortfolio(argument: string, id: string, context: ApiContext): Promise<Portfolio> {
  const found = await findPortfolio(portfolioIdOf(argument, id), context);
  if (found === undefined) throw new AppError('NOT_FOUND', `${argument}: there is no such portfolio.`);
  return found;
}

/** What stands today for all that a portfolio follows. @throws AppError NOT_FOUND */
export async function followedBy(argument: string, id: string, context: ApiContext): Promise<Scope> {
  return context.portfolios.scope(await requirePortfolio(argument, id, context));
}

const portfolio: Resolvers<PortfolioNode> = {
  ...alertFields,
  id: ({ id }) => idOfPortfolio(id),
  followed: async (parent, args, { portfolios, now }) => {
    const request = pageRequest('followed', parse(pageArguments, args), now);
    const found = await portfolios.followed(parent, request);
    return { ...toConnection('followed', found, request, (following) => following), parent };
  },
  organizations: async (parent, args, { portfolios, now }) => {
    const request = pageRequest('followedOrganizations', parse(pageArguments, args), now);
    const found = await portfolios.organizations(parent, request);
    return toConnection('followedOrganizations', found, request, organizationNode);
  },
};

const following: Resolvers<Following> = {
  kind: ({ reference }) => (reference.kind === 'domain' ? 'DOMAIN' : 'ORGANIZATION'),
  name: ({ reference }) => (reference.kind === 'domain' ? reference.name : reference.key),
  organization: async ({ reference }, _, { loaders }) => {
    const found = await (reference.kind === 'domain'
      ? loaders.owner.load(reference.name)
      : loaders.organization.load(reference.key));
    return found === undefined ? null : organizationNode(found);
  },
};

const followed = connectionResolvers('Following');
const total: Resolvers<{ readonly parent: Portfolio }> = {
  totalCount: ({ parent }, _, { portfolios }) => portfolios.followedTotal(parent),
};

export const portfolioResolvers = {
  Portfolio: portfolio,
  ...connectionResolvers('Portfolio'),
  ...connectionResolvers('Organization'),
  Following: following,
  ...followed,
  FollowingConnection: { ...followed.FollowingConnection, ...total },
};

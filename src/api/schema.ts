import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import { alertResolvers } from './resolvers/alert.ts';
import { claimResolvers } from './resolvers/claim.ts';
import { concentrationQueries, concentrationResolvers } from './resolvers/concentration.ts';
import { dateTime } from './resolvers/date-time.ts';
import { decisionMutations, decisionQueries, decisionResolvers } from './resolvers/decision.ts';
import { dependencyResolvers } from './resolvers/dependency.ts';
import { domainQueries, domainResolvers } from './resolvers/domain.ts';
import { exposureQueries, exposureResolvers } from './resolvers/exposure.ts';
import { incidentQueries, incidentResolvers } from './resolvers/incident.ts';
import { nodeQueries } from './resolvers/node.ts';
import { organizationQueries, organizationResolvers } from './resolvers/organization.ts';
import { portfolioQueries, portfolioResolvers } from './resolvers/portfolio.ts';
import { portfolioMutations } from './resolvers/portfolio-changes.ts';
import { searchQueries, searchResolvers } from './resolvers/search.ts';
import { sourceQueries, sourceResolvers } from './resolvers/source.ts';
import { subscriptionResolvers } from './resolvers/subscription.ts';
import { vendorQueries, vendorResolvers } from './resolvers/vendor.ts';

const resolvers = {
  DateTime: dateTime,
  Query: {
    ...nodeQueries,
    ...domainQueries,
    ...organizationQueries,
    ...searchQueries,
    ...vendorQueries,
    ...exposureQueries,
    ...concentrationQueries,
    ...incidentQueries,
    ...portfolioQueries,
    ...decisionQueries,
    ...sourceQueries,
  },
  Mutation: { ...portfolioMutations, ...decisionMutations },
  ...subscriptionResolvers,
  ...domainResolvers,
  ...claimResolvers,
  ...organizationResolvers,
  ...dependencyResolvers,
  ...exposureResolvers,
  ...concentrationResolvers,
  ...vendorResolvers,
  ...searchResolvers,
  ...incidentResolvers,
  ...portfolioResolvers,
  ...alertResolvers,
  ...decisionResolvers,
  ...sourceResolvers,
};

/** The schema of graphql/schema/*.graphql with its resolvers; a resolver for a field that is not there is an error. */
export async function loadSchema(folder: string): Promise<GraphQLSchema> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.graphql')).sort();
  const typeDefs = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  return makeExecutableSchema({
    typeDefs,
    resolvers,
    resolverValidationOptions: { requireResolversToMatchSchema: 'error' },
  });
}

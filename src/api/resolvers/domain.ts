import { z } from 'zod';
import { asOf, domainName, flag, page, pageRequest, parse, service } from '../arguments.ts';
import { connectionResolvers, toConnection } from '../connection.ts';
import type { ApiContext, Resolvers } from '../context.ts';
import { idOfDomain } from '../ids.ts';
import { claimNode, type DomainNode, domainNode, organizationNode } from '../nodes.ts';
import { sourceOf } from './source.ts';

const claimsArguments = z.object({ service, includePast: flag, asOf, ...page(50) });

export const domainQueries: Resolvers<unknown> = {
  domain: async (_, args, { loaders }) => {
    const name = domainName('name', String(args.name));
    return (await loaders.domain.load(name)) ? domainNode(name) : null;
  },
};

const domain: Resolvers<DomainNode> = {
  id: ({ name }) => idOfDomain(name),
  owner: async ({ name }, _, { loaders }) => {
    const owner = (await loaders.domain.load(name))?.owner;
    return owner && organizationNode(owner);
  },
  vendor: async ({ name }, _, { loaders }) => (await loaders.domain.load(name))?.vendor ?? false,
  firstSeen: async ({ name }, _, { loaders }) => (await loaders.domain.load(name))?.firstSeen,
  lastSeen: async ({ name }, _, { loaders }) => (await loaders.domain.load(name))?.lastSeen,
  uses: (parent, args, context) => claims('uses', parent, args, context),
  usedBy: (parent, args, context) => claims('usedBy', parent, args, context),
  observations: async ({ name }, _, { loaders }) => (await loaders.observations.load(name)) ?? [],
};

async function claims(direction: 'uses' | 'usedBy', { name }: DomainNode, args: unknown, { loaders, now }: ApiContext) {
  const { service, includePast, ...rest } = parse(claimsArguments, args);
  const request = pageRequest(direction, rest, now);
  const found = await loaders.claims({ direction, service, includePast }, request).load({ kind: 'domain', name });
  return toConnection(direction, found, request, claimNode);
}

const observation: Resolvers<{ readonly source: string }> = {
  source: ({ source }, _, context) => sourceOf(source, context),
};

export const domainResolvers = { Domain: domain, Observation: observation, ...connectionResolvers('Domain') };

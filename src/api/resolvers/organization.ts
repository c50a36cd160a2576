import { z } from 'zod';
import { AppError } from '../../errors.ts';
import { domainName, page, pageRequest, parse } from '../arguments.ts';
import { toConnection } from '../connection.ts';
import type { ApiContext, Resolvers } from '../context.ts';
import { idOfOrganization } from '../ids.ts';
import { domainNode, incidentNode, type OrganizationNode, organizationNode } from '../nodes.ts';
import { dependencyFields } from './dependency.ts';
import { exposureFields } from './exposure.ts';

const queryArguments = z.object({ key: z.string().max(1000).nullish(), domain: z.string().nullish() });
const pageArguments = z.object(page(50));

export const organizationQueries: Resolvers<unknown> = {
  organization: async (_, args, context) => {
    const found = await find(parse(queryArguments, args), context);
    return found ? organizationNode(found) : null;
  },
};

function find({ key, domain }: z.output<typeof queryArguments>, { loaders }: ApiContext) {
  if (typeof key === 'string' && typeof domain !== 'string') return loaders.organization.load(key);
  if (typeof domain === 'string' && typeof key !== 'string') return loaders.owner.load(domainName('domain', domain));
  throw new AppError('BAD_ARGUMENT', 'Give either key or domain.');
}

const organization: Resolvers<OrganizationNode> = {
  id: ({ key }) => idOfOrganization(key),
  aliases: async ({ key }, _, { loaders }) => (await loaders.aliases.load(key)) ?? [],
  mergeCandidates: async ({ key }, _, { loaders }) => {
    return ((await loaders.mergeCandidates.load(key)) ?? []).map(organizationNode);
  },
  domains: async ({ key }, args, { loaders, now }) => {
    const request = pageRequest('domains', parse(pageArguments, args), now);
    return toConnection('domains', await loaders.domains(request).load(key), request, domainNode);
  },
  incidents: async ({ key }, args, { loaders, now }) => {
    const request = pageRequest('incidents', parse(pageArguments, args), now);
    return toConnection('incidents', await loaders.incidents(request).load(key), request, incidentNode);
  },
  ...dependencyFields,
  ...exposureFields,
};

export const organizationResolvers = { Organization: organization };

import { z } from 'zod';
import { AppError } from '../../errors.ts';
import type { SearchHit } from '../../queries/types.ts';
import { page, pageRequest, parse, searchText } from '../arguments.ts';
import { connectionResolvers, toConnection } from '../connection.ts';
import type { ApiContext, Resolvers } from '../context.ts';
import { domainNode, incidentNode, type Node, organizationNode } from '../nodes.ts';

const searchArguments = z.object({
  text: searchText,
  types: z
    .array(z.enum(['DOMAIN', 'ORGANIZATION', 'INCIDENT']))
    .nullish()
    .transform((types) => types ?? undefined),
  ...page(20),
});

export const searchQueries: Resolvers<unknown> = {
  search: async (_, args, context) => {
    const { text, types, ...rest } = parse(searchArguments, args);
    const request = pageRequest('search', rest, context.now);
    return toConnection('search', await context.queries.search({ text, types }, request), request, (hit) =>
      load(hit, context),
    );
  },
};

async function load(hit: SearchHit, { loaders }: ApiContext): Promise<Node> {
  if (hit.type === 'DOMAIN') return domainNode(hit.domain);
  if (hit.type === 'ORGANIZATION') return organizationNode(hit.organization);
  const incident = await loaders.incident.load(hit.incident);
  if (incident === undefined) throw new AppError('INTERNAL', 'A search found an incident that is not there.');
  return incidentNode(incident);
}

export const searchResolvers = connectionResolvers('Search');

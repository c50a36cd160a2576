import { z } from 'zod';
import type { Dependency, DependencyArgs, Page, PageRequest } from '../../queries/types.ts';
import { asOf, confidence, flag, page, pageRequest, parse, service } from '../arguments.ts';
import { pageInfo, toConnection } from '../connection.ts';
import type { ApiContext, Resolvers } from '../context.ts';
import { encodeCursor, type Listing } from '../cursors.ts';
import { idOfDependency } from '../ids.ts';
import { claimNode, type DependencyNode, dependencyNode, type OrganizationNode, organizationNode } from '../nodes.ts';
import { freshnessAt } from './source.ts';

const orderBy = z
  .enum(['CONFIDENCE', 'NAME', 'LAST_SEEN'])
  .nullish()
  .transform((o) => o ?? 'CONFIDENCE');
const listArguments = z.object({ service, criticalOnly: flag, minConfidence: confidence, asOf, orderBy, ...page(50) });
const dependenciesArguments = listArguments.extend({ dismissed: flag });
const claimsArguments = z.object(page(50));

type Direction = 'dependencies' | 'dependents';

/** The parent of DependencyConnection: what is cheap is here, the total is counted only where it is asked for. */
interface DependencyConnection {
  readonly organization: string;
  readonly direction: Direction;
  readonly args: DependencyArgs;
  readonly at: number;
  readonly edges: readonly DependencyNode[];
  readonly pageInfo: ReturnType<typeof pageInfo>;
}

async function list(
  direction: Direction,
  { key }: OrganizationNode,
  args: unknown,
  { loaders, now }: ApiContext,
): Promise<DependencyConnection> {
  const { first, after, asOf, ...filter } = parse(
    direction === 'dependencies' ? dependenciesArguments : listArguments,
    args,
  );
  const listing: Listing = `${direction} by ${filter.orderBy}`;
  const request = pageRequest(listing, { first, after, asOf }, now);
  const found = await loaders[direction](filter, request).load(key);
  const edges = toEdges(direction, listing, found, request, asOf);
  return {
    organization: key,
    direction,
    args: filter,
    at: request.at,
    edges,
    pageInfo: pageInfo(listing, found, request),
  };
}

function toEdges(
  direction: Direction,
  listing: Listing,
  found: Page<Dependency> | undefined,
  { at }: PageRequest,
  asOf: number | undefined,
): DependencyNode[] {
  return (found?.edges ?? []).map(({ cursor, node }) => ({
    ...dependencyNode(node, at, asOf),
    node: direction === 'dependencies' ? node.vendor : node.dependent,
    place: { listing, at: cursor },
  }));
}

/** The fields of an organization that list its dependencies. */
export const dependencyFields: Resolvers<OrganizationNode> = {
  dependencies: (parent, args, context) => list('dependencies', parent, args, context),
  dependents: (parent, args, context) => list('dependents', parent, args, context),
};

const connection: Resolvers<DependencyConnection> = {
  nodes: ({ edges }) => edges.map((edge) => organizationNode(edge.node)),
  totalCount: async ({ organization, direction, args, at }, _, { loaders }) => {
    const { service, criticalOnly, minConfidence, dismissed } = args;
    const total = direction === 'dependencies' ? loaders.dependencyTotal : loaders.dependentTotal;
    return (await total({ service, criticalOnly, minConfidence, dismissed }, at).load(organization)) ?? 0;
  },
  freshness: ({ at }, _, context) => freshnessAt(at, context),
};

const dependency: Resolvers<DependencyNode> = {
  cursor: ({ place }) => (place ? encodeCursor(place.listing, place.at) : ''),
  id: ({ dependent, vendor, asOf }) => idOfDependency({ dependent: dependent.key, vendor: vendor.key }, asOf),
  node: ({ node }) => organizationNode(node),
  dependent: ({ dependent }) => organizationNode(dependent),
  vendor: ({ vendor }) => organizationNode(vendor),
  claims: async ({ dependent, vendor, at, asOf }, args, { loaders }) => {
    const request = pageRequest('claims', { ...parse(claimsArguments, args), asOf }, at);
    const found = await loaders.claimsBehind(request).load({ dependent: dependent.key, vendor: vendor.key });
    return toConnection('claims', found, request, claimNode);
  },
};

export const dependencyResolvers = { Dependency: dependency, DependencyConnection: connection };

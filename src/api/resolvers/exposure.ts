import { z } from 'zod';
import { AppError } from '../../errors.ts';
import type { BlastRadiusArgs, Bound, Bounded, ExposurePath, Page, Reached } from '../../queries/types.ts';
import { asOf, depth, flag, hops, page, pageRequest, parse, service, share } from '../arguments.ts';
import { type Connection, connectionResolvers, toConnection } from '../connection.ts';
import type { ApiContext, Resolvers } from '../context.ts';
import { organizationKeyOf } from '../ids.ts';
import { dependencyNode, type OrganizationNode, organizationNode } from '../nodes.ts';
import { freshnessAt } from './source.ts';

const pathArguments = z.object({
  from: z.string(),
  to: z.string(),
  maxHops: hops(4),
  service,
  criticalOnly: flag,
  maxShare: share,
  asOf,
  ...page(10),
});
const nthPartyArguments = z.object({ depth, service, criticalOnly: flag, maxShare: share, asOf, ...page(50) });
const blastRadiusArguments = z.object({ maxHops: hops(3), service, criticalOnly: flag, maxShare: share, asOf });
const reachedArguments = z.object(page(50));

export const exposureQueries: Resolvers<unknown> = {
  exposurePaths: async (_, args, context) => {
    const { first, after, asOf, from, to, ...filter } = parse(pathArguments, args);
    const request = pageRequest('exposurePaths', { first, after, asOf }, context.now);
    const ends = await Promise.all([organizationOf('from', from, context), organizationOf('to', to, context)]);
    const found = await context.queries.exposurePaths({ from: ends[0], to: ends[1], ...filter }, request);
    const connection = toConnection('exposurePaths', found, request, (path) => pathNode(path, request.at, asOf));
    return { ...connection, ...cut(found), at: request.at };
  },
};

/**
 * The key of an organization that an argument names.
 * @throws AppError NOT_FOUND where the graph has nothing of it.
 */
export async function organizationOf(argument: string, id: string, { loaders }: ApiContext): Promise<string> {
  const organization = await loaders.organization.load(organizationKeyOf(argument, id));
  if (organization === undefined)
    throw new AppError('NOT_FOUND', `${argument}: the graph has nothing of this organization.`);
  return organization.key;
}

function pathNode(path: ExposurePath, at: number, asOf: number | undefined) {
  return { ...path, steps: path.steps.map((step) => dependencyNode(step, at, asOf)) };
}

function cut({ bound }: { readonly bound?: Bound | undefined }) {
  return { truncated: bound !== undefined, bound };
}

/** The parent of BlastRadius: its counts and its organizations are separate questions, asked where they are wanted. */
interface BlastRadiusNode {
  readonly key: string;
  readonly args: BlastRadiusArgs;
  readonly at: number;
  readonly asOf: number | undefined;
}

/** The fields of an organization that look beyond the first hop. */
export const exposureFields: Resolvers<OrganizationNode> = {
  nthParties: async ({ key }, args, { queries, now }) => {
    const { first, after, asOf, ...filter } = parse(nthPartyArguments, args);
    const request = pageRequest('nthParties', { first, after, asOf }, now);
    const found = await queries.nthParties(key, filter, request);
    return { ...reached('nthParties', found, request), at: request.at };
  },
  blastRadius: ({ key }, input, { now }): BlastRadiusNode => {
    const { asOf, ...args } = parse(blastRadiusArguments, input);
    return { key, args, at: asOf ?? now, asOf };
  },
};

const blastRadius: Resolvers<BlastRadiusNode> = {
  total: async (parent, _, context) => (await counts(parent, context)).total,
  byDistance: async (parent, _, context) => (await counts(parent, context)).byDistance,
  truncated: async (parent, _, context) => (await counts(parent, context)).bound !== undefined,
  bound: async (parent, _, context) => (await counts(parent, context)).bound,
  organizations: async ({ key, args, at, asOf }, input, { queries }) => {
    const request = pageRequest('blastRadius', { ...parse(reachedArguments, input), asOf }, at);
    return reached('blastRadius', await queries.blastRadiusOrganizations(key, args, request), request);
  },
  freshness: ({ at }, _, context) => freshnessAt(at, context),
};

function counts({ key, args, at }: BlastRadiusNode, { loaders }: ApiContext) {
  return loaders.blastRadius(args, at).load(key);
}

function reached(
  listing: 'nthParties' | 'blastRadius',
  found: Bounded<Page<Reached>>,
  request: ReturnType<typeof pageRequest>,
): Connection<{ readonly node: OrganizationNode; readonly distance: number }> & ReturnType<typeof cut> {
  const toNode = ({ organization, distance }: Reached) => ({ node: organizationNode(organization), distance });
  return { ...toConnection(listing, found, request, toNode), ...cut(found) };
}

const freshness: Resolvers<{ readonly at: number }> = { freshness: ({ at }, _, context) => freshnessAt(at, context) };

const paths = connectionResolvers('ExposurePath');
const nthParties = connectionResolvers('NthParty');

export const exposureResolvers = {
  BlastRadius: blastRadius,
  ...paths,
  ExposurePathConnection: { ...paths.ExposurePathConnection, ...freshness },
  ...nthParties,
  NthPartyConnection: { ...nthParties.NthPartyConnection, ...freshness },
  ...connectionResolvers('Reached'),
};

import { z } from 'zod';
import type { Vendor, VendorArgs } from '../../queries/types.ts';
import { page, pageRequest, parse, searchText, service } from '../arguments.ts';
import { connectionResolvers, toConnection } from '../connection.ts';
import type { Resolvers } from '../context.ts';
import { organizationNode } from '../nodes.ts';
import { freshnessAt } from './source.ts';

const filter = z.object({
  service,
  nameContains: searchText.nullish().transform((text) => text ?? undefined),
  minDependents: z
    .number()
    .min(0, 'must not be negative')
    .nullish()
    .transform((n) => n ?? undefined),
});
const vendorArguments = z.object({
  filter: filter.nullish(),
  orderBy: z
    .enum(['DEPENDENTS', 'NAME'])
    .nullish()
    .transform((o) => o ?? 'DEPENDENTS'),
  ...page(50),
});

export const vendorQueries: Resolvers<unknown> = {
  vendors: async (_, input, { queries, now }) => {
    const { filter, orderBy, first, after } = parse(vendorArguments, input);
    const args: VendorArgs = { ...filter, orderBy };
    const listing = `vendors by ${orderBy}` as const;
    const request = pageRequest(listing, { first, after }, now);
    return { ...toConnection(listing, await queries.vendors(args, request), request, (v) => v), args, at: request.at };
  },
};

const vendor: Resolvers<Vendor> = { organization: ({ organization }) => organizationNode(organization) };
const answer: Resolvers<{ readonly args: VendorArgs; readonly at: number }> = {
  totalCount: ({ args, at }, _, { queries }) => queries.vendorTotal(args, at),
  freshness: ({ at }, _, context) => freshnessAt(at, context),
};
const connection = connectionResolvers('Vendor');

export const vendorResolvers = {
  Vendor: vendor,
  ...connection,
  VendorConnection: { ...connection.VendorConnection, ...answer },
};

import type { Cursor, Page } from '../queries/types.ts';
import type { Resolvers } from './context.ts';
import { encodeCursor, type Listing } from './cursors.ts';

/** An item of a listing; its cursor is written only where it is asked for. */
export interface Edge<T> {
  readonly listing: Listing;
  readonly at: Cursor;
  readonly node: T;
}

/** The parent of a connection type. */
export interface Connection<T> {
  readonly edges: readonly Edge<T>[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    /** Written only where it is asked for. */
    readonly startCursor: () => string | null;
    readonly endCursor: () => string | null;
  };
}

/** A page of a listing as GraphQL shows it; `undefined`, nothing known, is an empty page. */
export function toConnection<T, N>(
  listing: Listing,
  page: Page<T> | undefined,
  request: { readonly after?: Cursor | undefined },
  toNode: (node: T, cursor: Cursor) => N,
): Connection<N> {
  const edges = (page?.edges ?? []).map(({ cursor, node }) => ({ listing, at: cursor, node: toNode(node, cursor) }));
  return { edges, pageInfo: pageInfo(listing, page, request) };
}

/** Where a page stands in its listing. */
export function pageInfo(
  listing: Listing,
  page: Page<unknown> | undefined,
  request: { readonly after?: Cursor | undefined },
) {
  const first = page?.edges[0];
  const last = page?.edges.at(-1);
  return {
    hasNextPage: page?.hasNextPage ?? false,
    hasPreviousPage: request.after !== undefined,
    startCursor: () => (first === undefined ? null : encodeCursor(listing, first.cursor)),
    endCursor: () => (last === undefined ? null : encodeCursor(listing, last.cursor)),
  };
}

/** Resolvers of `<name>Connection` and `<name>Edge`. */
export function connectionResolvers(name: string): Record<string, Resolvers<never>> {
  const connection: Resolvers<Connection<unknown>> = { nodes: ({ edges }) => edges.map((edge) => edge.node) };
  const edge: Resolvers<Edge<unknown>> = { cursor: ({ listing, at }) => encodeCursor(listing, at) };
  return { [`${name}Connection`]: connection, [`${name}Edge`]: edge };
}

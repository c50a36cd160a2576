import { BREAK, type GraphQLResolveInfo, visit } from 'graphql';
import { z } from 'zod';
import type { Concentration, Scope } from '../../queries/types.ts';
import { asOf, domainName, flag, hops, page, pageRequest, parse, service, share } from '../arguments.ts';
import { connectionResolvers, toConnection } from '../connection.ts';
import type { ApiContext, Resolvers } from '../context.ts';
import { organizationNode } from '../nodes.ts';
import { organizationOf } from './exposure.ts';
import { followedBy } from './portfolio.ts';
import { freshnessAt } from './source.ts';

const MOST_IN_SCOPE = 1000;
const members = z.array(z.string()).max(MOST_IN_SCOPE, `must be at most ${MOST_IN_SCOPE}`).nullish();
const concentrationArguments = z.object({
  scope: z.object({ organizations: members, domains: members, portfolio: z.string().nullish() }).nullish(),
  service,
  criticalOnly: flag,
  maxShare: share,
  maxHops: hops(4),
  asOf,
  ...page(20),
});

const NOBODY: Scope = { organizations: [], domains: [] };

type ScopeInput = z.output<typeof concentrationArguments>['scope'];

export const concentrationQueries: Resolvers<unknown> = {
  concentrationRisk: async (_, args, context, info) => {
    const { scope: input, first, after, asOf, ...filter } = parse(concentrationArguments, args);
    const request = pageRequest('concentration', { first, after, asOf }, context.now);
    const scope = await scopeOf(input, context);
    const found = await context.queries.concentrationRisk({ scope, ...filter, withReach: asksForReach(info) }, request);
    const { dependentTotal, criticalTotal } = found;
    return {
      ...toConnection('concentration', found, request, (c) => c),
      dependentTotal,
      criticalTotal,
      at: request.at,
    };
  },
};

const REACH: ReadonlySet<string> = new Set(['reach', 'reachCritical']);

/** Reach costs far more than all the rest, so it is counted only where the document may ask for it. */
function asksForReach({ fieldNodes, fragments }: GraphQLResolveInfo): boolean {
  let isAsked = false;
  for (const node of [...fieldNodes, ...Object.values(fragments)]) {
    visit(node, {
      Field({ name }) {
        isAsked ||= REACH.has(name.value);
        return isAsked ? BREAK : undefined;
      },
    });
  }
  return isAsked;
}

/** A list that is there narrows the scope, an empty one to nobody; only where all are absent does everybody count. */
async function scopeOf(input: ScopeInput, context: ApiContext): Promise<Scope | undefined> {
  if (!input?.organizations && !input?.domains && !input?.portfolio) return undefined;
  // What can throw at once comes first, and look-ups are waited for all together: one that fails while nobody waits for
  // it would end the process.
  const domains = (input.domains ?? []).map((name) => domainName('scope.domains', name));
  const keys = (input.organizations ?? []).map((id) => organizationOf('scope.organizations', id, context));
  const [organizations, followed] = await Promise.all([
    Promise.all(keys),
    input.portfolio ? followedBy('scope.portfolio', input.portfolio, context) : NOBODY,
  ]);
  return {
    organizations: [...organizations, ...followed.organizations],
    domains: [...domains, ...followed.domains],
  };
}

const concentration: Resolvers<Concentration> = { vendor: ({ vendor }) => organizationNode(vendor) };
const freshness: Resolvers<{ readonly at: number }> = { freshness: ({ at }, _, context) => freshnessAt(at, context) };
const connection = connectionResolvers('Concentration');

export const concentrationResolvers = {
  Concentration: concentration,
  ...connection,
  ConcentrationConnection: { ...connection.ConcentrationConnection, ...freshness },
};

import type { ApolloServerPlugin } from '@apollo/server';
import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { ApiContext } from './context.ts';
import { type Cost, estimateCost } from './cost.ts';
import { checkSize, LIMITS, tooLarge } from './limits.ts';

/**
 * Refuses an operation that asks for too much, before anything of it is executed. Apollo keeps parsed documents, so an
 * operation that was found small enough is not measured again, and its cost only where its page sizes are other ones.
 */
export function createLimiter(schema: GraphQLSchema): ApolloServerPlugin<ApiContext> {
  const checked = new WeakMap<OperationDefinitionNode, Cost>();
  const costOf = (document: DocumentNode, operation: OperationDefinitionNode, variables: Record<string, unknown>) => {
    const known = checked.get(operation);
    if (known?.reads.every(([name, value]) => variables[name] === value)) return known.items;
    if (known === undefined) checkSize(document, operation);
    const cost = estimateCost(schema, document, operation, variables);
    checked.set(operation, cost);
    return cost.items;
  };
  return {
    requestDidStart: async () => ({
      didResolveOperation: async ({ document, operation, request }) => {
        // Then execution says what is wrong with the operation's name.
        if (operation === undefined) return;
        const items = costOf(document, operation, request.variables ?? {});
        if (items > LIMITS.cost) {
          throw tooLarge('TOO_EXPENSIVE', `About ${items} items are asked for, more than ${LIMITS.cost}.`);
        }
      },
    }),
  };
}

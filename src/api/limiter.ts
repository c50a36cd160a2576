import type { ApolloServerPlugin } from '@apollo/server';
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql';
import { AppError } from '../errors.ts';
import type { ApiContext } from './context.ts';
import { type Cost, estimateCost } from './cost.ts';
import { type ApiErrorCode, statusOf } from './errors.ts';
import { checkSize, LIMITS, tooLarge } from './limits.ts';
import type { RateLimit } from './rate-limit.ts';
import { headersOf } from './refusal.ts';
import { createTurns, isDear, PLAIN_COST } from './turns.ts';

/**
 * Refuses an operation that asks for too much, by itself or in its minute, before anything of it is executed, and lets a
 * dear one wait for its turn. Apollo keeps parsed documents, so an operation that was found small enough is not measured
 * again, and its cost only where its page sizes are other ones.
 */
export function createLimiter(schema: GraphQLSchema, rateLimit: RateLimit): ApolloServerPlugin<ApiContext> {
  const turns = createTurns();
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
      didResolveOperation: async ({ document, operation, request, contextValue }) => {
        // Then execution says what is wrong with the operation's name.
        if (operation === undefined) return;
        const { viewer, outcome, deadline, signal } = contextValue;
        const items = costOf(document, operation, request.variables ?? {});
        outcome.cost = items;
        if (items > LIMITS.cost) {
          throw tooLarge('TOO_EXPENSIVE', `About ${items} items are asked for, more than ${LIMITS.cost}.`);
        }
        if (isDear(items) && operation.operation !== OperationTypeNode.QUERY) {
          throw tooLarge('TOO_EXPENSIVE', `About ${items} items are asked for, more than ${PLAIN_COST} of a mutation.`);
        }
        try {
          rateLimit.take(viewer.tenant, items);
          if (isDear(items)) outcome.endTurn = await turns.wait(viewer.tenant, deadline, signal);
        } catch (error) {
          throw error instanceof AppError ? refusal(error) : error;
        }
      },
    }),
  };
}

/** As a GraphQL error, so that it has its own HTTP status. */
function refusal(error: AppError): GraphQLError {
  const http = { status: statusOf(error.code as ApiErrorCode), headers: new Map(Object.entries(headersOf(error))) };
  return new GraphQLError(error.message, { extensions: { code: error.code, http } });
}

import { type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import { OperationTypeNode } from 'graphql';
import type { ApiContext } from '../context.ts';
import { isDear } from '../turns.ts';

/**
 * Leaves a dear query, which Apollo has validated and limited, to be executed elsewhere: what it asks stands in the
 * context, and what Apollo is given in place of its answer is not sent.
 */
export const forwarding: ApolloServerPlugin<ApiContext> = {
  requestDidStart: async () => ({
    responseForOperation: async ({ source, operation, request, contextValue }) => {
      const { outcome, viewer, deadline, now, graphVersion } = contextValue;
      if (!isDear(outcome.cost) || operation?.operation !== OperationTypeNode.QUERY) return null;
      outcome.dear = {
        query: source,
        operationName: request.operationName,
        variables: request.variables ?? {},
        accept: request.http?.headers.get('accept'),
        viewer,
        deadline,
        now,
        graphVersion,
      };
      return { http: { headers: new HeaderMap() }, body: { kind: 'single', singleResult: { data: null } } };
    },
  }),
};

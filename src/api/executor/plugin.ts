import { type ApolloServerPlugin, type GraphQLResponse, HeaderMap } from '@apollo/server';
import type { GraphQLSchema } from 'graphql';
import { type ExecutionResult, type GraphQLError, type GraphQLFormattedError, getVariableValues } from 'graphql';
import type { ApiContext } from '../context.ts';
import { executePlan } from './execute.ts';
import { createPlans } from './plans.ts';

/** As graphql-js has it: more wrong variables than these are not told one by one. */
const MOST_VARIABLE_ERRORS = 50;

export type FormatError = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

/**
 * Executes planned queries in place of Apollo, after Apollo has parsed, validated and limited them. What has no plan, and
 * variables that don't fit, are left to Apollo. Apollo formats no errors of an answer that is not its own, so they are
 * formatted here.
 */
export function createPlannedExecution(
  schema: GraphQLSchema,
  formatError: FormatError,
): ApolloServerPlugin<ApiContext> {
  const plans = createPlans(schema);
  return {
    requestDidStart: async () => ({
      responseForOperation: async ({ source, document, operation, request, contextValue }) => {
        // Then execution says what is wrong with the operation's name.
        if (operation === undefined) return null;
        const { coerced: variables } = getVariableValues(
          schema,
          operation.variableDefinitions ?? [],
          request.variables ?? {},
          { maxErrors: MOST_VARIABLE_ERRORS },
        );
        if (variables === undefined) return null;
        const plan = plans.find({ source, document, operation, variables });
        return plan ? toResponse(await executePlan(plan, contextValue, variables), formatError) : null;
      },
    }),
  };
}

function toResponse({ data, errors }: ExecutionResult, formatError: FormatError): GraphQLResponse {
  const formatted = errors?.map((error) => formatError(toFormatted(error), error));
  const singleResult = formatted ? { errors: formatted, data: data ?? null } : { data: data ?? null };
  return { http: { headers: new HeaderMap() }, body: { kind: 'single', singleResult } };
}

/** What Apollo gives to `formatError`. */
function toFormatted(error: GraphQLError): GraphQLFormattedError {
  const code: unknown = error.extensions.code ?? 'INTERNAL_SERVER_ERROR';
  return { ...error.toJSON(), extensions: { ...error.extensions, code } };
}

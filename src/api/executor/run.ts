import { type GraphQLError, type GraphQLResolveInfo, getArgumentValues } from 'graphql';
import type { FieldPlan, OperationPlan } from './plan.ts';

/** Where a value stands in the answer, from itself to the root. */
export type Path = GraphQLResolveInfo['path'];

/** One execution of a plan. */
export interface Run {
  readonly plan: OperationPlan;
  readonly context: unknown;
  /** As coerced by `getVariableValues`. */
  readonly variables: Record<string, unknown>;
  /** Arguments with variables in them, the same for each object. */
  readonly args: Map<FieldPlan, Record<string, unknown>>;
  readonly errors: GraphQLError[];
  /** Where an error has left a null; undefined: at the root. */
  readonly nulled: Set<Path | undefined>;
}

/**
 * The arguments of a field, coerced.
 * @throws GraphQLError where a variable has no value that fits.
 */
export function argumentsOf(run: Run, field: FieldPlan): Record<string, unknown> {
  const known = field.args ?? run.args.get(field);
  if (known) return known;
  const node = field.nodes[0];
  const args = node ? getArgumentValues(field.definition, node, run.variables) : {};
  run.args.set(field, args);
  return args;
}

/** What a resolver may ask of where it is called. */
export function infoOf({ plan, variables }: Run, field: FieldPlan, path: Path): GraphQLResolveInfo {
  return {
    fieldName: field.name,
    fieldNodes: field.nodes,
    returnType: field.definition.type,
    parentType: field.parent,
    path,
    schema: plan.selecting.schema,
    fragments: plan.selecting.fragments,
    rootValue: undefined,
    operation: plan.operation,
    variableValues: variables,
  };
}

/** Adds an error, unless it lies below a null that another has left: that part is no longer in the answer. */
export function addError({ errors, nulled }: Run, error: GraphQLError, at: Path | undefined): void {
  for (let path = at; path !== undefined; path = path.prev) if (nulled.has(path)) return;
  if (nulled.has(undefined)) return;
  nulled.add(at);
  errors.push(error);
}

/** A path as errors show it: from the root. */
export function keysOf(path: Path): (string | number)[] {
  const keys: (string | number)[] = [];
  for (let at: Path | undefined = path; at !== undefined; at = at.prev) keys.unshift(at.key);
  return keys;
}

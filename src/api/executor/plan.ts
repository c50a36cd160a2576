import {
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  getArgumentValues,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  TypeNameMetaFieldDef,
  type ValueNode,
} from 'graphql';
import { collectFields, type Selecting } from './collect.ts';
import { type Shape, shapeOf } from './shape.ts';

/** What is known of an operation before it is executed; each part is made when it is first needed, and kept. */
export interface OperationPlan {
  readonly operation: OperationDefinitionNode;
  readonly selecting: Selecting;
  readonly root: ObjectPlan;
}

/** The fields that are selected of an object of one type, in the order of the answer. */
export type ObjectPlan = readonly FieldPlan[];

export interface FieldPlan {
  /** The name in the answer. */
  readonly key: string;
  readonly name: string;
  readonly parent: GraphQLObjectType;
  readonly definition: GraphQLField<unknown, unknown>;
  readonly nodes: readonly FieldNode[];
  /** Absent: the property of that name. */
  readonly resolve: GraphQLField<unknown, unknown>['resolve'];
  /** There where no variable stands in them: then they are the same for each object and request. */
  readonly args: Readonly<Record<string, unknown>> | undefined;
  readonly isNullable: boolean;
  readonly shape: Shape<ObjectPlan>;
}

/** Plans a query; `selecting` decides what it selects. */
export function planOperation(
  operation: OperationDefinitionNode,
  root: GraphQLObjectType,
  selecting: Selecting,
): OperationPlan {
  return { operation, selecting, root: planObject([operation.selectionSet], root, selecting) };
}

function planObject(sets: readonly SelectionSetNode[], type: GraphQLObjectType, selecting: Selecting): ObjectPlan {
  const plans: FieldPlan[] = [];
  for (const [key, nodes] of collectFields(sets, type, selecting)) {
    const name = nodes[0]?.name.value ?? '';
    const definition = name === TypeNameMetaFieldDef.name ? TypeNameMetaFieldDef : type.getFields()[name];
    // A valid document names no field that is not there.
    if (definition) plans.push(planField(key, nodes, definition, type, selecting));
  }
  return plans;
}

function planField(
  key: string,
  nodes: readonly FieldNode[],
  definition: GraphQLField<unknown, unknown>,
  parent: GraphQLObjectType,
  selecting: Selecting,
): FieldPlan {
  const sets = nodes.flatMap((node) => node.selectionSet ?? []);
  return {
    key,
    name: definition.name,
    parent,
    definition,
    nodes,
    resolve: definition.resolve,
    args: constantArguments(definition, nodes[0]),
    isNullable: !isNonNullType(definition.type),
    shape: shapeOf(definition.type, (type) => planObject(sets, type, selecting)),
  };
}

function constantArguments(
  definition: GraphQLField<unknown, unknown>,
  node: FieldNode | undefined,
): Readonly<Record<string, unknown>> | undefined {
  if (node === undefined || node.arguments?.some((argument) => holdsVariable(argument.value))) return undefined;
  return Object.freeze(getArgumentValues(definition, node));
}

function holdsVariable(value: ValueNode): boolean {
  if (value.kind === Kind.VARIABLE) return true;
  if (value.kind === Kind.LIST) return value.values.some(holdsVariable);
  return value.kind === Kind.OBJECT && value.fields.some((field) => holdsVariable(field.value));
}

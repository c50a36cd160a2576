import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
  isObjectType,
  isUnionType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { LARGEST_PAGE } from './arguments.ts';

/** What a list without pages is taken for. */
const USUAL_LIST = 10;
/** Questions that look at far more of the graph than they list, each worth a large page. */
const DEEP_QUESTION = 2000;
/** Fields that are such a question for each object they stand in: over many hops, though not the whole graph. */
const REACH = 100;
const REACHING: ReadonlySet<string> = new Set(['Concentration.reach', 'Concentration.reachCritical']);
const DEEP: ReadonlySet<string> = new Set([
  'exposurePaths',
  'concentrationRisk',
  'vendors',
  'nthParties',
  'blastRadius',
  'importPortfolio',
]);

/** What an operation costs, and the variables that it was estimated with. */
export interface Cost {
  /** About how many items are asked for. */
  readonly items: number;
  /** The variables that decided it, with their values; with the same values it costs the same. */
  readonly reads: readonly (readonly [name: string, value: unknown])[];
}

interface Walk {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly defaults: ReadonlyMap<string, unknown>;
  readonly reads: Map<string, unknown>;
}

/**
 * About how many items an operation asks for: page sizes multiplied along each path and added up. Its size has been
 * checked, so writing fragments out is bounded.
 */
export function estimateCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): Cost {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const defaults = new Map(
    (operation.variableDefinitions ?? []).map((v) => [v.variable.name.value, literal(v.defaultValue)]),
  );
  const root = schema.getRootType(operation.operation);
  const reads = new Map<string, unknown>();
  const walk: Walk = { schema, fragments, variables, defaults, reads };
  const items = root ? costOf(operation.selectionSet, root, 1, walk) : 0;
  return { items, reads: [...reads] };
}

/** `page`: how many items `edges` and `nodes` hold, where the set is that of a connection. */
function costOf(set: SelectionSetNode, type: GraphQLCompositeType, page: number, walk: Walk): number {
  let cost = 0;
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      cost += costOfField(selection, type, page, walk);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      cost += costOf(selection.selectionSet, named(selection.typeCondition?.name.value, walk) ?? type, page, walk);
    } else {
      const fragment = walk.fragments.get(selection.name.value);
      if (fragment)
        cost += costOf(fragment.selectionSet, named(fragment.typeCondition.name.value, walk) ?? type, page, walk);
    }
  }
  return cost;
}

function costOfField(node: FieldNode, parent: GraphQLCompositeType, page: number, walk: Walk): number {
  const field = isUnionType(parent) ? undefined : parent.getFields()[node.name.value];
  const type = field && getNamedType(field.type);
  if (!field || !type || !node.selectionSet || !isCompositeType(type)) {
    return REACHING.has(`${parent.name}.${node.name.value}`) ? REACH : 0;
  }
  const deep = DEEP.has(field.name) ? DEEP_QUESTION : 0;
  const items = itemsOf(field, node, page, walk);
  const inside = costOf(node.selectionSet, type, pageOf(field, node, walk), walk);
  return deep + items * (1 + inside);
}

/** How many objects a field gives. */
function itemsOf(field: GraphQLField<unknown, unknown>, node: FieldNode, page: number, walk: Walk): number {
  if (!isListType(getNullableType(field.type))) return 1;
  if (field.name === 'edges' || (field.name === 'nodes' && field.args.length === 0)) return page;
  const ids = argumentOf(
    node.arguments?.find((a) => a.name.value === 'ids'),
    walk,
  );
  return Array.isArray(ids) ? ids.length : USUAL_LIST;
}

/** The page that a connection field asks for; 1 where it has none. */
function pageOf(field: GraphQLField<unknown, unknown>, node: FieldNode, walk: Walk): number {
  const argument = field.args.find((a) => a.name === 'first');
  if (!argument || !isObjectType(getNamedType(field.type))) return 1;
  const asked =
    argumentOf(
      node.arguments?.find((a) => a.name.value === 'first'),
      walk,
    ) ?? argument.defaultValue;
  return typeof asked === 'number' ? Math.min(Math.max(asked, 1), LARGEST_PAGE) : LARGEST_PAGE;
}

function argumentOf(argument: ArgumentNode | undefined, { variables, defaults, reads }: Walk): unknown {
  if (argument?.value.kind !== Kind.VARIABLE) return literal(argument?.value);
  const name = argument.value.name.value;
  reads.set(name, variables[name]);
  return name in variables ? variables[name] : defaults.get(name);
}

function literal(value: ArgumentNode['value'] | undefined): unknown {
  if (value?.kind === Kind.INT) return Number(value.value);
  return value?.kind === Kind.LIST ? value.values : undefined;
}

function named(name: string | undefined, { schema }: Walk): GraphQLCompositeType | undefined {
  const type = name === undefined ? undefined : schema.getType(name);
  return isCompositeType(type) ? type : undefined;
}

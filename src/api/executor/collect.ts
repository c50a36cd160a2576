import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  isAbstractType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** What decides which fields of a document are selected. */
export interface Selecting {
  readonly schema: GraphQLSchema;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  /** Values of the variables that stand in `@skip` and `@include`: all there, none null. */
  readonly conditions: Readonly<Record<string, unknown>>;
}

/** The fragments of a document by name. */
export function fragmentsOf(document: DocumentNode): Record<string, FragmentDefinitionNode> {
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  }
  return fragments;
}

/**
 * The fields that selection sets select of an object, in the order of the answer, by their response names: CollectFields
 * of the specification (October 2021, 6.3.2), in graphql-js `collectSubfields`.
 */
export function collectFields(
  sets: readonly SelectionSetNode[],
  type: GraphQLObjectType,
  selecting: Selecting,
): Map<string, FieldNode[]> {
  const fields = new Map<string, FieldNode[]>();
  const visited = new Set<string>();
  for (const set of sets) collect(set, type, selecting, fields, visited);
  return fields;
}

function collect(
  set: SelectionSetNode,
  type: GraphQLObjectType,
  selecting: Selecting,
  fields: Map<string, FieldNode[]>,
  visited: Set<string>,
): void {
  for (const selection of set.selections) {
    // A fragment that was skipped here may still be spread elsewhere.
    if (isVisited(selection, visited) || !isIncluded(selection, selecting)) continue;
    if (selection.kind === Kind.FIELD) {
      const key = selection.alias?.value ?? selection.name.value;
      const nodes = fields.get(key);
      if (nodes === undefined) fields.set(key, [selection]);
      else nodes.push(selection);
      continue;
    }
    const fragment = fragmentOf(selection, selecting, visited);
    if (fragment && applies(fragment.typeCondition?.name.value, type, selecting.schema)) {
      collect(fragment.selectionSet, type, selecting, fields, visited);
    }
  }
}

function isVisited(selection: SelectionNode, visited: ReadonlySet<string>): boolean {
  return selection.kind === Kind.FRAGMENT_SPREAD && visited.has(selection.name.value);
}

function isIncluded(selection: SelectionNode, { conditions }: Selecting): boolean {
  if (selection.directives === undefined || selection.directives.length === 0) return true;
  return (
    getDirectiveValues(GraphQLSkipDirective, selection, conditions)?.if !== true &&
    getDirectiveValues(GraphQLIncludeDirective, selection, conditions)?.if !== false
  );
}

function fragmentOf(
  selection: Exclude<SelectionNode, FieldNode>,
  { fragments }: Selecting,
  visited: Set<string>,
): (Pick<FragmentDefinitionNode, 'selectionSet'> & Partial<Pick<FragmentDefinitionNode, 'typeCondition'>>) | undefined {
  if (selection.kind === Kind.INLINE_FRAGMENT) return selection;
  visited.add(selection.name.value);
  return fragments[selection.name.value];
}

function applies(condition: string | undefined, type: GraphQLObjectType, schema: GraphQLSchema): boolean {
  if (condition === undefined) return true;
  const wanted = schema.getType(condition);
  return wanted === type || (isAbstractType(wanted) && schema.isSubType(wanted, type));
}

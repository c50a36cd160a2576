import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { ApiErrorCode } from './errors.ts';

/** How large a document may be. The numbers are stated in graphql/schema/schema.graphql too. */
export const LIMITS = {
  tokens: 2000,
  depth: 15,
  rootFields: 20,
  fields: 500,
  aliases: 30,
  directives: 50,
  /** In items, see cost.ts. */
  cost: 100_000,
} as const;

/** The size of an operation once its fragments are written out. */
export interface Size {
  readonly depth: number;
  readonly fields: number;
  readonly aliases: number;
  readonly directives: number;
}

const NOTHING: Size = { depth: 0, fields: 0, aliases: 0, directives: 0 };

/**
 * Measures an operation. Fragments are measured once each, so that a document whose fragments double one another costs
 * no more to measure than to parse. The document is valid: its fragments are there and form no circle.
 */
export function measure(
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Size & { readonly rootFields: number } {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const measured = new Map<string, Size>();
  const rootFields = countRoot(operation.selectionSet, fragments);
  const inside = sizeOf(operation.selectionSet, fragments, measured);
  return { ...inside, directives: inside.directives + (operation.directives?.length ?? 0), rootFields };
}

/**
 * Refuses an operation that is larger than `LIMITS`.
 * @throws GraphQLError with the code of the limit.
 */
export function checkSize(document: DocumentNode, operation: OperationDefinitionNode): void {
  const size = measure(document, operation);
  if (size.depth > LIMITS.depth)
    throw tooLarge('DOCUMENT_TOO_DEEP', `Fields are nested more than ${LIMITS.depth} deep.`);
  if (size.rootFields > LIMITS.rootFields) {
    throw tooLarge('DOCUMENT_TOO_WIDE', `There are more than ${LIMITS.rootFields} fields at the root.`);
  }
  if (size.fields > LIMITS.fields) throw tooLarge('DOCUMENT_TOO_WIDE', `There are more than ${LIMITS.fields} fields.`);
  if (size.aliases > LIMITS.aliases)
    throw tooLarge('TOO_MANY_ALIASES', `There are more than ${LIMITS.aliases} aliases.`);
  if (size.directives > LIMITS.directives) {
    throw tooLarge('TOO_MANY_DIRECTIVES', `There are more than ${LIMITS.directives} directives.`);
  }
}

export function tooLarge(code: ApiErrorCode, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status: 400 } } });
}

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

function sizeOf(set: SelectionSetNode, fragments: Fragments, measured: Map<string, Size>): Size {
  return set.selections.reduce<Size>((sum, selection) => {
    const directives = selection.directives?.length ?? 0;
    if (selection.kind === Kind.FIELD) {
      const inside = selection.selectionSet ? sizeOf(selection.selectionSet, fragments, measured) : NOTHING;
      const aliases = inside.aliases + (selection.alias ? 1 : 0);
      return add(sum, { ...inside, depth: inside.depth + 1, fields: inside.fields + 1, aliases }, directives);
    }
    const inside =
      selection.kind === Kind.INLINE_FRAGMENT
        ? sizeOf(selection.selectionSet, fragments, measured)
        : sizeOfFragment(selection.name.value, fragments, measured);
    return add(sum, inside, directives);
  }, NOTHING);
}

function sizeOfFragment(name: string, fragments: Fragments, measured: Map<string, Size>): Size {
  const known = measured.get(name);
  if (known) return known;
  const fragment = fragments.get(name);
  const size = fragment ? sizeOf(fragment.selectionSet, fragments, measured) : NOTHING;
  measured.set(name, size);
  return size;
}

function add(sum: Size, part: Size, directives: number): Size {
  return {
    depth: Math.max(sum.depth, part.depth),
    fields: sum.fields + part.fields,
    aliases: sum.aliases + part.aliases,
    directives: sum.directives + part.directives + directives,
  };
}

function countRoot(set: SelectionSetNode, fragments: Fragments, counted = new Map<string, number>()): number {
  return set.selections.reduce((sum, selection) => {
    if (selection.kind === Kind.FIELD) return sum + 1;
    if (selection.kind === Kind.INLINE_FRAGMENT) return sum + countRoot(selection.selectionSet, fragments, counted);
    const name = selection.name.value;
    const fragment = fragments.get(name);
    const count = counted.get(name) ?? (fragment ? countRoot(fragment.selectionSet, fragments, counted) : 0);
    counted.set(name, count);
    return sum + count;
  }, 0);
}

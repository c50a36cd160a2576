import {
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';

/** How a value of a type becomes a part of the answer. */
export type Shape<Plan> = { readonly isNullable: boolean } & (
  | { readonly kind: 'leaf'; readonly type: GraphQLLeafType }
  | { readonly kind: 'list'; readonly item: Shape<Plan> }
  | { readonly kind: 'object'; readonly plan: () => Plan }
  | { readonly kind: 'abstract'; readonly planOf: (type: GraphQLObjectType) => Plan; readonly type: string }
);

/** The shape of a type; `plan` plans what is selected of an object, and is asked once for each type that is met. */
export function shapeOf<Plan>(type: GraphQLOutputType, plan: (type: GraphQLObjectType) => Plan): Shape<Plan> {
  const isNullable = !isNonNullType(type);
  const inner = isNonNullType(type) ? type.ofType : type;
  if (isListType(inner)) return { kind: 'list', isNullable, item: shapeOf(inner.ofType, plan) };
  if (isLeafType(inner)) return { kind: 'leaf', isNullable, type: inner };
  const planOf = oncePerType(plan);
  if (isObjectType(inner)) return { kind: 'object', isNullable, plan: () => planOf(inner) };
  return { kind: 'abstract', isNullable, planOf, type: inner.name };
}

function oncePerType<Plan>(plan: (type: GraphQLObjectType) => Plan): (type: GraphQLObjectType) => Plan {
  const plans = new Map<GraphQLObjectType, Plan>();
  return (type) => {
    const known = plans.get(type);
    if (known !== undefined) return known;
    const made = plan(type);
    plans.set(type, made);
    return made;
  };
}

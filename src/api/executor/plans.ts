import {
  BREAK,
  type DocumentNode,
  type GraphQLSchema,
  isAbstractType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  visit,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { fragmentsOf } from './collect.ts';
import { type OperationPlan, planOperation } from './plan.ts';

/** Plans are kept for at most so many characters of documents: some thousand usual ones. */
const MOST_CHARACTERS = 2_000_000;
/** Each combination of what `@skip` and `@include` say is a plan of its own; more of one document are not kept. */
const MOST_COMBINATIONS = 8;

/** What is known of one operation of a document. */
interface Known {
  /** Names of the variables in `@skip` and `@include`; undefined: the operation cannot be planned. */
  readonly conditions: readonly string[] | undefined;
  readonly plans: Map<string, OperationPlan>;
}

export interface PlannedRequest {
  /** The document's text. */
  readonly source: string;
  /** Valid, of that text. */
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The plans of the operations that are asked often, by the text of their document. */
export function createPlans(schema: GraphQLSchema) {
  const known = new LRUCache<string, Known>({ maxSize: MOST_CHARACTERS, sizeCalculation: (_, key) => key.length });
  const isExecutable = saysItsTypes(schema);
  return {
    /** The plan of a request; undefined where it is one for graphql-js. */
    find(request: PlannedRequest): OperationPlan | undefined {
      if (!isExecutable) return undefined;
      const { source, document, operation, variables } = request;
      const name = `${operation.name?.value ?? ''} ${source}`;
      let found = known.get(name);
      if (found === undefined) {
        found = { conditions: conditionsOf(document, operation), plans: new Map() };
        known.set(name, found);
      }
      const values = found.conditions?.map((condition) => variables[condition]);
      // A null is an error of its own, whose place depends on the fields around it.
      if (values?.every((value) => typeof value === 'boolean') !== true) return undefined;
      const plan = found.plans.get(values.join()) ?? makePlan(schema, request, found.conditions ?? []);
      if (plan && found.plans.size < MOST_COMBINATIONS) found.plans.set(values.join(), plan);
      return plan;
    },
  };
}

/** An object of an abstract type has to say its type by `__typename`: nothing else is understood here. */
function saysItsTypes(schema: GraphQLSchema): boolean {
  return Object.values(schema.getTypeMap()).every(
    (type) => !(isObjectType(type) && type.isTypeOf) && !(isAbstractType(type) && type.resolveType),
  );
}

function makePlan(
  schema: GraphQLSchema,
  { document, operation, variables }: PlannedRequest,
  names: readonly string[],
): OperationPlan | undefined {
  const root = schema.getQueryType();
  const conditions = Object.fromEntries(names.map((name) => [name, variables[name]]));
  return root ? planOperation(operation, root, { schema, fragments: fragmentsOf(document), conditions }) : undefined;
}

/** Whether a plan can be made: not of introspection, nor with a name that JavaScript would misunderstand. */
function isPlannable(document: DocumentNode): boolean {
  let isSo = true;
  visit(document, {
    Name({ value }) {
      isSo &&= value !== '__proto__';
      return isSo ? undefined : BREAK;
    },
    Field({ name }) {
      isSo &&= name.value !== '__schema' && name.value !== '__type';
      return isSo ? undefined : BREAK;
    },
  });
  return isSo;
}

/** Undefined for what is left to graphql-js. */
function conditionsOf(document: DocumentNode, operation: OperationDefinitionNode): readonly string[] | undefined {
  if (operation.operation !== OperationTypeNode.QUERY || !isPlannable(document)) return undefined;
  const names = new Set<string>();
  visit(document, {
    Directive({ arguments: args }) {
      for (const { value } of args ?? []) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names];
}

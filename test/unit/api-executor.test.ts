import { makeExecutableSchema } from '@graphql-tools/schema';
import fc from 'fast-check';
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  getOperationAST,
  getVariableValues,
  parse,
  validate,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { executePlan } from '../../src/api/executor/execute.ts';
import { createPlans } from '../../src/api/executor/plans.ts';

const typeDefs = `
  enum Kind { RED BLUE }
  input Filter { kind: Kind = BLUE, words: [String!], least: Float, inner: Filter }
  interface Named { name: String!, friend: Named }
  union Any = Thing | Other
  type Query {
    thing: Thing
    sure: Thing!
    many: [Thing]
    sureMany: [Thing!]!
    grid: [[Thing!]]
    any: Any
    named: [Named!]!
    echo(n: Int = 3, filter: Filter, ids: [ID!], kind: Kind): String
    needs(n: Int!): Int!
  }
  type Thing implements Named {
    name: String!
    friend: Named
    number: Float
    kind: Kind!
    words: [String!]
    other: Other!
    others: [Other!]!
    echo(n: Int = 3, filter: Filter, ids: [ID!], kind: Kind): String
  }
  type Other implements Named { name: String!, friend: Named, thing: Thing, count: Int! }
`;

/** How a field of a run behaves, by its place: the same for both executors, whatever the order they ask in. */
const BEHAVIOURS = ['value', 'value', 'value', 'later', 'later', 'null', 'throws', 'rejects', 'error'] as const;
type Behaviour = (typeof BEHAVIOURS)[number];
type Context = { readonly behaviourAt: (place: string) => readonly [Behaviour, number] };

const placeOf = (path: any): string => (path ? `${placeOf(path.prev)}/${path.key}` : '');

function object(type: string) {
  return { __typename: type, name: `a ${type}`, number: 1.5, kind: 'RED', words: ['a', 'b'], count: 7 };
}

const VALUES: Record<string, () => unknown> = {
  thing: () => object('Thing'),
  sure: () => object('Thing'),
  many: () => [object('Thing'), null, Promise.resolve(object('Thing')), object('Thing')],
  sureMany: () => new Set([object('Thing'), object('Thing')]),
  grid: () => [[object('Thing')], [], [Promise.resolve(object('Thing')), object('Thing')]],
  any: () => object('Other'),
  named: () => [object('Other'), Promise.resolve(object('Thing'))],
  friend: () => object('Thing'),
  other: () => object('Other'),
  others: () => [object('Other'), object('Other')],
  needs: () => 4,
  number: () => 0.1,
  count: () => 3,
};

async function after(ticks: number): Promise<void> {
  for (let i = 0; i < ticks; i++) await undefined;
}

function resolver(name: string) {
  return (_: unknown, args: unknown, { behaviourAt }: Context, info: any) => {
    const place = placeOf(info.path);
    const [behaviour, ticks] = behaviourAt(place);
    const value = name === 'echo' ? () => JSON.stringify(args) : VALUES[name]!;
    if (behaviour === 'throws') throw new Error(`sync at ${place}`);
    if (behaviour === 'error') return new Error(`given at ${place}`);
    if (behaviour === 'null') return null;
    if (behaviour === 'later') return after(ticks).then(value);
    if (behaviour === 'rejects') return after(ticks).then(() => Promise.reject(new Error(`async at ${place}`)));
    return value();
  };
}

const resolve = (...names: string[]) => Object.fromEntries(names.map((name) => [name, resolver(name)]));
const schema = makeExecutableSchema({
  typeDefs,
  resolvers: {
    Query: resolve('thing', 'sure', 'many', 'sureMany', 'grid', 'any', 'named', 'echo', 'needs'),
    // The rest are properties.
    Thing: resolve('friend', 'other', 'others', 'echo', 'number'),
    Other: resolve('friend', 'thing', 'count'),
  },
});
const plans = createPlans(schema);

/** The answer of each executor, in bytes; undefined where there is no plan. */
async function both(source: string, inputs: Record<string, unknown>, context: Context) {
  const document = parse(source);
  const operation = getOperationAST(document)!;
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], inputs);
  if (coerced === undefined) return undefined;
  const plan = plans.find({ source, document, operation, variables: coerced });
  if (plan === undefined) return undefined;
  const plain = await execute({ schema, document, contextValue: context, variableValues: inputs });
  const planned = await executePlan(plan, context, coerced);
  const again = await executePlan(plan, context, coerced);
  return { plain: bytes(plain), planned: bytes(planned), again: bytes(again) };
}

const bytes = ({ errors, data }: ExecutionResult): string => JSON.stringify({ errors, data });
const CALM: Context = { behaviourAt: () => ['value', 0] };

const FIELDS: Record<string, Record<string, string>> = {
  Query: {
    thing: 'Thing',
    sure: 'Thing',
    many: 'Thing',
    sureMany: 'Thing',
    grid: 'Thing',
    any: 'Any',
    named: 'Named',
    echo: '',
    needs: '',
  },
  Thing: {
    name: '',
    friend: 'Named',
    number: '',
    kind: '',
    words: '',
    other: 'Other',
    others: 'Other',
    echo: '',
    __typename: '',
  },
  Other: { name: '', friend: 'Named', thing: 'Thing', count: '', __typename: '' },
  Named: { name: '', friend: 'Named', __typename: '' },
  Any: { __typename: '' },
};
const FITTING: Record<string, string[]> = {
  Query: ['Query'],
  Thing: ['Thing', 'Named', 'Any'],
  Other: ['Other', 'Named', 'Any'],
  Named: ['Thing', 'Other', 'Named'],
  Any: ['Thing', 'Other', 'Any'],
};
const echoArguments = fc.constantFrom(
  '',
  '(n: 5)',
  '(n: $n)',
  '(n: null, kind: RED)',
  '(kind: $kind, ids: [1, "b"])',
  '(ids: $ids)',
  '(ids: $id)',
  '(filter: { least: 2, words: "x", inner: { kind: RED } })',
  '(filter: { least: $least, inner: { words: ["y", $word] } })',
  '(filter: $filter)',
);
const directives = fc.constantFrom(
  '',
  '',
  '',
  '@skip(if: $yes)',
  '@include(if: $no)',
  '@include(if: true)',
  '@skip(if: $maybe)',
);

function selections(type: string, depth: number): fc.Arbitrary<string> {
  const fields = Object.entries(FIELDS[type]!).filter(([, of]) => depth > 0 || of === '');
  const field = fc.constantFrom(...(fields.length > 0 ? fields : [['__typename', ''] as const])).chain(([name, of]) =>
    fc
      .record({
        alias: fc.constantFrom('', '', 'x: ', 'y: '),
        args: name === 'echo' ? echoArguments : fc.constant(name === 'needs' ? '(n: $n)' : ''),
        directive: directives,
        inside: of === '' ? fc.constant('') : selections(of, depth - 1),
      })
      .map(({ alias, args, directive, inside }) => `${alias}${name}${args} ${directive} ${inside}`),
  );
  const fragment = fc
    .record({ on: fc.constantFrom(...FITTING[type]!), directive: directives })
    .chain(({ on, directive }) => selections(on, depth - 1).map((inside) => `... on ${on} ${directive} ${inside}`));
  const named = fc.constantFrom('F', 'G').chain((name) => directives.map((directive) => `...${name} ${directive}`));
  const one =
    depth > 0
      ? fc.oneof(
          { weight: 5, arbitrary: field },
          { weight: 1, arbitrary: fragment },
          { weight: type === 'Thing' || type === 'Named' ? 1 : 0, arbitrary: named },
        )
      : field;
  return fc.array(one, { minLength: 1, maxLength: 4 }).map((all) => `{ ${all.join(' ')} }`);
}

const VARIABLES =
  '$n: Int, $kind: Kind = RED, $ids: [ID!], $id: ID!, $least: Float = 2.5, $word: String!, $filter: Filter, $yes: Boolean = true, $no: Boolean = false, $maybe: Boolean!';
const documents = fc
  .tuple(selections('Query', 3), selections('Thing', 2), selections('Named', 1))
  .map(([query, f, g]) => `query Q(${VARIABLES}) ${query} fragment F on Thing ${f} fragment G on Named ${g}`);
const inputs = fc.record(
  {
    n: fc.constantFrom(1, null),
    kind: fc.constantFrom('BLUE', null),
    ids: fc.constantFrom(['a', 2], 'b'),
    id: fc.constant('id'),
    least: fc.constantFrom(1, 2.25),
    word: fc.constant('w'),
    filter: fc.constantFrom({}, { words: 'w', inner: { kind: null } }),
    yes: fc.constantFrom(true, false),
    no: fc.boolean(),
    maybe: fc.boolean(),
  },
  { requiredKeys: ['id', 'word', 'maybe'] },
);

/** Unused variables and fragments are no fault here: what matters is what is executed. */
function isValid(document: DocumentNode): boolean {
  return validate(schema, document).every(({ message }) => / is never used/.test(message));
}

/** FNV-1a. */
function hash(text: string, seed: number): number {
  let h = seed ^ 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return (h ^ (h >>> 15)) >>> 0;
}

/**
 * In a list of graphql-js, an item that fails at once leaves those before it, which fail later, to nobody: that would end
 * the test. So what fails at once is never behind another item.
 */
const GENTLE: readonly Behaviour[] = ['value', 'value', 'value', 'later', 'rejects'];

const contexts = fc.integer().map(
  (seed): Context => ({
    behaviourAt(place) {
      const chosen = hash(place, seed);
      const behaviours = /\/[1-9]/.test(place) ? GENTLE : BEHAVIOURS;
      return [behaviours[chosen % behaviours.length]!, (chosen >>> 8) % 4];
    },
  }),
);

describe('the planned executor', () => {
  it('gives the bytes of graphql-js: data, errors, their order and their paths', { timeout: 120_000 }, async () => {
    let planned = 0;
    let failed = 0;
    const equal = fc.asyncProperty(documents, inputs, contexts, async (source, given, context) => {
      fc.pre(isValid(parse(source)));
      const answers = await both(source, given, context);
      if (answers === undefined) return;
      planned++;
      if (answers.plain.startsWith('{"errors"')) failed++;
      expect(answers.planned).toBe(answers.plain);
      expect(answers.again).toBe(answers.plain);
    });
    await fc.assert(equal, { numRuns: Number(process.env.AVD_RUNS ?? 300) });
    expect(planned).toBeGreaterThan(150);
    expect(failed).toBeGreaterThan(75);
  });

  it('leaves to graphql-js what it does not plan', () => {
    const find = (source: string, variables = {}) => {
      const document = parse(source);
      return plans.find({ source, document, operation: getOperationAST(document)!, variables });
    };
    expect(find('{ __schema { queryType { name } } }')).toBeUndefined();
    expect(find('query __schema { thing { name } }')).toBeDefined();
    expect(find('{ __proto__: thing { name } }')).toBeUndefined();
    expect(find('query ($a: Boolean = true) { thing @skip(if: $a) { name } }', { a: null })).toBeUndefined();
    expect(find('{ __typename thing { __typename } }')).toBeDefined();
  });

  it('keeps one plan for each choice that @skip and @include make', async () => {
    const source = 'query ($a: Boolean!) { thing { ...F name } } fragment F on Thing { number @include(if: $a) }';
    for (const a of [true, false, true]) {
      const answers = await both(source, { a }, CALM);
      expect(answers?.planned).toBe(answers?.plain);
      expect(answers?.planned.includes('number')).toBe(a);
    }
  });

  it('does not let one request change the arguments of another', async () => {
    const document = parse('{ thing { echo(n: 5) } }');
    const plan = plans.find({ source: 'frozen', document, operation: getOperationAST(document)!, variables: {} });
    const field = plan?.root[0]?.shape;
    const echo = field?.kind === 'object' ? field.plan()[0] : undefined;
    expect(Object.isFrozen(echo?.args)).toBe(true);
  });
});

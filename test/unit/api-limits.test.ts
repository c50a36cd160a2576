import { type GraphQLSchema, getIntrospectionQuery, getOperationAST, parse } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { estimateCost } from '../../src/api/cost.ts';
import { checkSize, LIMITS, measure } from '../../src/api/limits.ts';
import { loadSchema } from '../../src/api/schema.ts';
import { inProgram } from '../../src/program.ts';

let schema: GraphQLSchema;

beforeAll(async () => {
  schema = await loadSchema(inProgram('graphql/schema'));
});

function parts(text: string) {
  const document = parse(text);
  return { document, operation: getOperationAST(document)! };
}

const sizeOf = (text: string) => measure(parts(text).document, parts(text).operation);
const check = (text: string) => () => checkSize(parts(text).document, parts(text).operation);
const costOf = (text: string, variables = {}) =>
  estimateCost(schema, parts(text).document, parts(text).operation, variables).items;
const withCode = (code: string) => expect.objectContaining({ extensions: expect.objectContaining({ code }) });

describe('the size of a document', () => {
  it('counts what fragments stand for, each time they are used', () => {
    const size = sizeOf('{ a { ...F } b: a { ...F @include(if: true) } } fragment F on X { c: d { e } }');
    expect(size).toEqual({ depth: 3, fields: 6, aliases: 3, directives: 1, rootFields: 2 });
  });

  it('is measured at once where fragments double one another thirty times', () => {
    const doubling = Array.from({ length: 30 }, (_, i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`);
    const text = `{ ...F0 } ${doubling.join(' ')} fragment F30 on Query { __typename }`;
    expect(sizeOf(text).fields).toBe(2 ** 30);
    expect(check(text)).toThrow(withCode('DOCUMENT_TOO_WIDE'));
  });

  it('is refused by a code of its own for each way of being too large', () => {
    const deep = (n: number) => `${'{ a '.repeat(n)}${'}'.repeat(n)}`;
    expect(check(deep(LIMITS.depth))).not.toThrow();
    expect(check(deep(LIMITS.depth + 1))).toThrow(withCode('DOCUMENT_TOO_DEEP'));
    const fields = (n: number) => 'a '.repeat(n);
    expect(check(`{ ${fields(LIMITS.rootFields)} }`)).not.toThrow();
    expect(check(`{ ${fields(LIMITS.rootFields + 1)} }`)).toThrow(withCode('DOCUMENT_TOO_WIDE'));
    expect(check(`{ a { ${fields(LIMITS.fields)} } }`)).toThrow(withCode('DOCUMENT_TOO_WIDE'));
    expect(check(`{ a { ${'x: a '.repeat(LIMITS.aliases + 1)} } }`)).toThrow(withCode('TOO_MANY_ALIASES'));
    expect(check(`{ a ${'@skip(if: true) '.repeat(LIMITS.directives + 1)} }`)).toThrow(withCode('TOO_MANY_DIRECTIVES'));
  });

  it('lets the usual introspection through', () => {
    expect(check(getIntrospectionQuery())).not.toThrow();
    expect(
      check(getIntrospectionQuery({ specifiedByUrl: true, schemaDescription: true, inputValueDeprecation: true })),
    ).not.toThrow();
  });
});

describe('the cost of a document', () => {
  it('multiplies page sizes along each path, and adds paths up', () => {
    const page = (n: number, inside: string) =>
      `{ organization(key: "x") { dependencies(first: ${n}) { ${inside} } } }`;
    expect(costOf(page(50, 'edges { critical }'))).toBe(2 + 50);
    expect(costOf(page(50, 'edges { claims(first: 10) { nodes { id } } }'))).toBe(2 + 50 * (1 + 1 + 10));
    expect(costOf(page(50, 'edges { id } nodes { id }'))).toBe(2 + 100);
  });

  it('takes a page size from a variable, from its default, and from the schema', () => {
    const text = 'query ($n: Int = 7) { organization(key: "x") { domains(first: $n) { nodes { id } } } }';
    expect(costOf(text, { n: 20 })).toBe(2 + 20);
    expect(costOf(text)).toBe(2 + 7);
    expect(costOf('{ organization(key: "x") { domains { nodes { id } } } }')).toBe(2 + 50);
  });

  it('counts a page that is asked for by something else than a number as the largest', () => {
    expect(costOf('query ($n: Int) { incidents(first: $n) { nodes { id } } }', { n: 'x' })).toBe(1 + 500);
  });

  it('names the variables that decide it, and no others', () => {
    const { document, operation } = parts(
      'query ($n: Int, $key: String) { organization(key: $key) { domains(first: $n) { nodes { id } } } }',
    );
    expect(estimateCost(schema, document, operation, { n: 9, key: 'x' })).toEqual({ items: 2 + 9, reads: [['n', 9]] });
  });

  it('counts what each object of a page has to look for over many hops', () => {
    const page = (field: string) => costOf(`{ concentrationRisk(first: 50) { nodes { ${field} } } }`);
    expect(page('reach') - page('direct')).toBe(50 * 100);
    expect(page('reach') - page('direct')).toBe(page('reachCritical') - page('share'));
  });

  it('counts each of the ids asked for', () => {
    expect(costOf('{ nodes(ids: ["a", "b", "c"]) { id } }')).toBe(3);
    expect(costOf('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: ['a', 'b'] })).toBe(2);
  });

  it('puts a document that multiplies above the limit, by fragments too', () => {
    const nested =
      '{ organization(key: "x") { ...F } } fragment F on Organization { dependencies(first: 500) { nodes { domains(first: 500) { nodes { id } } } } }';
    expect(costOf(nested)).toBeGreaterThan(LIMITS.cost);
    expect(
      costOf('{ organization(key: "x") { dependencies(first: 100) { nodes { blastRadius { total } } } } }'),
    ).toBeGreaterThan(LIMITS.cost);
  });
});

import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { encodeCursor, type Listing } from '../../src/api/cursors.ts';
import { API_ERROR_CODES } from '../../src/api/errors.ts';
import { idOfDependency, idOfDomain, idOfIncident, idOfOrganization } from '../../src/api/ids.ts';
import { loadSchema } from '../../src/api/schema.ts';
import type { Driver } from '../../src/graph/driver.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { startApi, type TestApi } from './api-client.ts';
import { loadRealFacts } from './api-facts.ts';

let driver: Driver;
let api: TestApi;
let plain: TestApi;
let schema: GraphQLSchema;

beforeAll(async () => {
  driver = testDriver();
  await freshDatabase(driver);
  await loadRealFacts(driver);
  api = await startApi(driver);
  plain = await startApi(driver, { executor: 'plain' });
  // Answers name their instant: it is the same for both.
  vi.useFakeTimers({ toFake: ['Date'] });
  schema = await loadSchema(fileURLToPath(new URL('../../graphql/schema', import.meta.url)));
});
afterAll(async () => {
  vi.useRealTimers();
  await api.close();
  await plain.close();
  await driver.close();
});

/** How to reach an object of each type whose fields take arguments. */
const WAYS: Record<string, string> = {
  Query: '%',
  Organization: 'organization(key: "imc2020:digicertinc") { % }',
  Domain: 'domain(name: "tmall.com") { % }',
  Dependency: 'organization(domain: "tmall.com") { dependencies(first: 2) { edges { % } } }',
  Claim: 'domain(name: "tmall.com") { uses(first: 2) { nodes { % } } }',
  BlastRadius: 'organization(key: "imc2020:dnsmadeeasy") { blastRadius(maxHops: 2) { % } }',
};

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    ' ',
    'tmall.com',
    '*.TMALL.com.',
    'imc2020:taobao',
    'domain:tmall.com',
    '__proto__',
    "'}) DETACH DELETE n //",
  ),
  fc.constantFrom(
    'xn--',
    'a'.repeat(5000),
    '\u0000',
    '\ud800',
    '+ - && || ! ( ) { } [ ] ^ " ~ * ? : \\ /',
    '-',
    '*',
    'AND',
    '٣',
  ),
);
const ids = fc.oneof(
  texts,
  texts.map(idOfOrganization),
  texts.map(idOfDomain),
  texts.map(idOfIncident),
  fc
    .tuple(texts, texts, fc.option(fc.maxSafeInteger(), { nil: undefined }))
    .map(([a, b, at]) => idOfDependency({ dependent: a, vendor: b }, at)),
  fc.constantFrom(
    idOfOrganization('imc2020:taobao'),
    idOfDependency({ dependent: 'domain:tmall.com', vendor: 'imc2020:taobao' }, 0),
  ),
);
const numbers = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 0, 50, 500, 501, 2 ** 31 - 1, -(2 ** 31)) },
);
const times = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('2020-06-01T00:00:00Z', '2025-01-01T00:00:00.123456789+14:00') },
  { weight: 1, arbitrary: fc.constantFrom('0000-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z', 'now') },
);

/** Cursors that AVD could have given for a listing, with odd values in them. */
const LISTINGS: Record<string, readonly [Listing, fc.Arbitrary<(string | number)[]>]> = (() => {
  const text = fc
    .oneof(texts, fc.constantFrom('DNS', 'domain:tmall.com', 'imc2020:taobao'))
    .map((s) => s.slice(0, 2000));
  const odd = fc.constantFrom(-(2 ** 53), -1, 0, 0.5, 1, 2 ** 53, Number.MAX_VALUE, Number.MIN_VALUE);
  const whole = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, 1, 2));
  return {
    incidents: ['incidents', fc.tuple(whole, text)],
    search: ['search', fc.tuple(whole, text, text, text)],
    concentrationRisk: ['concentration', fc.tuple(whole, text)],
    exposurePaths: ['exposurePaths', fc.array(text, { minLength: 2, maxLength: 8 })],
    vendors: ['vendors by DEPENDENTS', fc.tuple(whole, text)],
    uses: ['uses', fc.tuple(text, text, text, text)],
    usedBy: ['usedBy', fc.tuple(text, text, text, text)],
    claims: ['claims', fc.tuple(text, text, text, text)],
    evidence: ['evidence', fc.tuple(fc.nat())],
    domains: ['domains', fc.tuple(text)],
    organizations: ['blastRadius', fc.tuple(whole, text)],
    nthParties: ['nthParties', fc.tuple(whole, text)],
    dependencies: ['dependencies by CONFIDENCE', fc.tuple(odd, text)],
    dependents: ['dependents by CONFIDENCE', fc.tuple(odd, text)],
  };
})();

function cursorsOf(field: string): fc.Arbitrary<unknown> {
  const [listing, keys] = LISTINGS[field] ?? ['incidents', fc.constant([])];
  const at = fc.constantFrom(0, -8.64e15, 8.64e15, Date.now(), Date.UTC(2020, 5, 1));
  const own = fc.tuple(at, keys).map(([at, key]) => encodeCursor(listing, { at, key }));
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant(null) },
    { weight: 3, arbitrary: own },
    { weight: 1, arbitrary: texts },
  );
}

/** Values of the right shape for an argument, sensible or not: what is of the wrong shape does not reach our code. */
function valuesOf(name: string, type: GraphQLInputType): fc.Arbitrary<unknown> {
  if (isNonNullType(type)) return valuesOf(name, type.ofType);
  if (isListType(type)) return fc.array(valuesOf(name, type.ofType), { maxLength: 4 });
  if (isEnumType(type)) return fc.constantFrom(...type.getValues().map((v) => v.name));
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).map((f) => [f.name, optional(f.name, f.type)] as const);
    return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
  }
  if (name.endsWith(' after')) return cursorsOf(name.slice(0, -' after'.length));
  const scalars: Record<string, fc.Arbitrary<unknown>> = {
    ID: ids,
    String: texts,
    Int: numbers,
    Float: fc.constantFrom(-0.1, 0, 0.2, 0.5, 1, 1.1),
    Boolean: fc.boolean(),
    DateTime: times,
  };
  return scalars[type.name]!;
}

const optional = (name: string, type: GraphQLInputType) =>
  isNonNullType(type) ? valuesOf(name, type) : fc.oneof(fc.constant(null), valuesOf(name, type));

/** All that can be selected without arguments, two objects deep. */
function selection(type: GraphQLOutputType, depth = 2): string {
  const named = getNamedType(type);
  if (!isCompositeType(named)) return '';
  if (!isObjectType(named)) return '{ __typename ... on Node { id } }';
  const fields = Object.values(named.getFields()).filter(
    (f) => f.args.length === 0 && (depth > 0 || !isCompositeType(getNamedType(f.type))),
  );
  return `{ __typename ${fields.map((f) => `${f.name} ${selection(f.type, depth - 1)}`).join(' ')} }`;
}

function documentFor(way: string, field: GraphQLField<unknown, unknown>): string {
  const variables = field.args.map((a) => `$${a.name}: ${a.type}`).join(', ');
  const call = `${field.name}(${field.args.map((a) => `${a.name}: $${a.name}`).join(', ')}) ${selection(field.type)}`;
  return `query (${variables}) { ${way.replace('%', call)} }`;
}

/** For each field; more find more. */
const RUNS = 20;
const CLOSED: ReadonlySet<string> = new Set(API_ERROR_CODES);

describe('whatever the arguments', () => {
  it('no field of any type fails by a fault of ours, nor differs by executor', { timeout: 600_000 }, async () => {
    const fields = Object.values(schema.getTypeMap())
      .filter((type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith('__'))
      .flatMap((type) =>
        Object.values(type.getFields())
          .filter((f) => f.args.length > 0)
          .map((field) => ({ type: type.name, field })),
      );
    expect(fields.map((f) => f.type).filter((type) => !WAYS[type])).toEqual([]);
    for (const { type, field } of fields) {
      const document = documentFor(WAYS[type]!, field);
      const variables = fc.record(
        Object.fromEntries(field.args.map((a) => [a.name, optional(`${field.name} ${a.name}`, a.type)])),
      );
      const faultless = fc.asyncProperty(variables, async (given) => {
        const { status, errors } = await api.ask(document, given);
        expect(status).toBeLessThan(500);
        expect(await api.text(document, given)).toBe(await plain.text(document, given));
        for (const { extensions, message } of errors) {
          expect(CLOSED.has(extensions.code), message).toBe(true);
          expect(extensions.code, message).not.toBe('INTERNAL');
        }
      });
      await fc.assert(faultless, { numRuns: RUNS });
    }
  });
});

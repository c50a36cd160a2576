import fc from 'fast-check';
import {
  type GraphQLField,
  type GraphQLInputType,
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
import { encodeCursor, type Listing } from '../../src/api/cursors.ts';
import { idOfDependency, idOfDomain, idOfIncident, idOfOrganization, idOfPortfolio } from '../../src/api/ids.ts';

/** How to reach an object of each type whose fields take arguments. */
const WAYS: Record<string, string> = {
  Query: '%',
  Mutation: '%',
  Portfolio: `portfolio(id: "${idOfPortfolio('mine')}") { % }`,
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
    idOfPortfolio('mine'),
    idOfPortfolio('theirs'),
    idOfPortfolio('none'),
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
    portfolios: ['portfolios', fc.tuple(text, text)],
    followed: ['followed', fc.tuple(text, text)],
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

function documentFor(type: string, field: GraphQLField<unknown, unknown>): string {
  const kind = type === 'Mutation' ? 'mutation' : 'query';
  const variables = field.args.map((a) => `$${a.name}: ${a.type}`).join(', ');
  const call = `${field.name}(${field.args.map((a) => `${a.name}: $${a.name}`).join(', ')}) ${selection(field.type)}`;
  return `${kind} (${variables}) { ${WAYS[type]!.replace('%', () => call)} }`;
}

/** A document that asks for one field, and all sorts of variables for it. */
export interface Fuzzed {
  readonly name: string;
  readonly document: string;
  readonly variables: fc.Arbitrary<Record<string, unknown>>;
}

/** One for each field with arguments, of any type but Subscription. */
export function fuzzedFields(schema: GraphQLSchema): readonly Fuzzed[] {
  return Object.values(schema.getTypeMap()).flatMap((type) => {
    if (!isObjectType(type) || type.name.startsWith('__') || type.name === 'Subscription') return [];
    const fields = Object.values(type.getFields()).filter((f) => f.args.length > 0);
    if (fields.length > 0 && WAYS[type.name] === undefined) throw new Error(`No way to ${type.name} is known.`);
    return fields.map((field) => ({
      name: `${type.name}.${field.name}`,
      document: documentFor(type.name, field),
      variables: fc.record(
        Object.fromEntries(field.args.map((a) => [a.name, optional(`${field.name} ${a.name}`, a.type)])),
      ) as fc.Arbitrary<Record<string, unknown>>,
    }));
  });
}

/** A document with a part of it cut out, doubled, or replaced by something else. */
export function damaged(document: string): fc.Arbitrary<string> {
  const place = fc.nat({ max: document.length });
  const junk = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 10 }),
    fc.constantFrom('{', '}', '"', '@skip', '...', '$'),
  );
  return fc.tuple(place, place, fc.oneof(junk, fc.constant('')), fc.boolean()).map(([a, b, text, isDoubled]) => {
    const [from, to] = a < b ? [a, b] : [b, a];
    return document.slice(0, from) + text + (isDoubled ? document.slice(from, to).repeat(2) : '') + document.slice(to);
  });
}

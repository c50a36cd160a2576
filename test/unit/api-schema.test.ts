import type { GraphQLSchema } from 'graphql';
import { isEnumType, isInputObjectType, isInterfaceType, isObjectType, isSpecifiedScalarType } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { API_ERROR_CODES } from '../../src/api/errors.ts';
import { LIMITS } from '../../src/api/limits.ts';
import { loadSchema } from '../../src/api/schema.ts';
import { PLAIN_COST } from '../../src/api/turns.ts';
import { SERVICES } from '../../src/identity/service.ts';
import { inProgram } from '../../src/program.ts';

const folder = inProgram('graphql/schema');
let schema: GraphQLSchema;

beforeAll(async () => {
  schema = await loadSchema(folder);
});

describe('the GraphQL schema', () => {
  it('describes each type, field, argument and enum value', () => {
    const bare: string[] = [];
    const check = (place: string, thing: { description?: string | null | undefined }) => {
      if (!thing.description?.trim()) bare.push(place);
    };
    for (const type of Object.values(schema.getTypeMap())) {
      if (type.name.startsWith('__') || isSpecifiedScalarType(type)) continue;
      check(type.name, type);
      if (isEnumType(type)) for (const value of type.getValues()) check(`${type.name}.${value.name}`, value);
      if (isInputObjectType(type)) for (const f of Object.values(type.getFields())) check(`${type.name}.${f.name}`, f);
      if (isObjectType(type) || isInterfaceType(type)) {
        for (const f of Object.values(type.getFields())) {
          check(`${type.name}.${f.name}`, f);
          for (const a of f.args) check(`${type.name}.${f.name}(${a.name})`, a);
        }
      }
    }
    expect(bare).toEqual([]);
  });

  it('lists exactly the error codes that exist', () => {
    const listed = [...(schema.description ?? '').matchAll(/^\| `(\w+)` \|/gm)].map((m) => m[1]);
    expect(listed.sort()).toEqual([...API_ERROR_CODES].sort());
  });

  it('states the limits that are enforced', () => {
    const row = (code: string) => new RegExp(`\`${code}\` \\|(.*)\\|`).exec(schema.description ?? '')?.[1];
    const number = (n: number) => n.toLocaleString('en');
    expect(row('DOCUMENT_TOO_LARGE')).toContain(number(LIMITS.tokens));
    expect(row('DOCUMENT_TOO_DEEP')).toContain(number(LIMITS.depth));
    expect(row('DOCUMENT_TOO_WIDE')).toContain(number(LIMITS.rootFields));
    expect(row('DOCUMENT_TOO_WIDE')).toContain(number(LIMITS.fields));
    expect(row('TOO_MANY_ALIASES')).toContain(number(LIMITS.aliases));
    expect(row('TOO_MANY_DIRECTIVES')).toContain(number(LIMITS.directives));
    expect(row('TOO_EXPENSIVE')).toContain(number(LIMITS.cost));
    expect(row('TOO_EXPENSIVE')).toContain(number(PLAIN_COST));
  });

  it('has the same services as the rest of AVD', () => {
    const type = schema.getType('Service');
    expect(isEnumType(type) && type.getValues().map((v) => v.name)).toEqual([...SERVICES]);
  });
});

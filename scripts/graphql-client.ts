// The typed client: for each document of graphql/examples its result and variables as types, with the document itself.
//   write    makes test/support/generated/graphql-client.ts anew
//   check    fails where it is not what the schema and the documents say
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { codegen } from '@graphql-codegen/core';
import * as documents from '@graphql-codegen/typed-document-node';
import * as operations from '@graphql-codegen/typescript-operations';
import { buildASTSchema, concatAST, parse, printSchema } from 'graphql';

const FILE = 'test/support/generated/graphql-client.ts';
const SCHEMA = 'graphql/schema';
const EXAMPLES = 'graphql/examples';

const generated = await generate();
if (process.argv[2] === 'write') {
  writeFileSync(FILE, generated);
} else if (!existsSync(FILE) || readFileSync(FILE, 'utf8') !== generated) {
  console.error(`${FILE} is not what ${SCHEMA} and ${EXAMPLES} say. Run \`npm run graphql:client\` and commit it.`);
  process.exitCode = 1;
}

async function generate(): Promise<string> {
  const schema = buildASTSchema(concatAST(read(SCHEMA).map(({ text }) => parse(text))));
  const text = await codegen({
    filename: FILE,
    schema: parse(printSchema(schema)),
    schemaAst: schema,
    documents: read(EXAMPLES).map(({ path, text }) => ({ location: path, document: parse(text), rawSDL: text })),
    config: {
      useTypeImports: true,
      enumsAsTypes: true,
      enumType: 'string-literal',
      skipTypename: true,
      scalars: { DateTime: 'string', ID: 'string' },
      documentMode: 'documentNode',
    },
    plugins: [{ operations: {} }, { documents: {} }],
    pluginMap: { operations, documents },
  });
  return `// Made by scripts/graphql-client.ts.\n${text}`;
}

function read(folder: string): readonly { readonly path: string; readonly text: string }[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.graphql'));
  return names.sort().map((name) => ({ path: basename(name), text: readFileSync(`${folder}/${name}`, 'utf8') }));
}

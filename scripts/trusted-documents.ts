// The documents that a server trusts, for AVD_TRUSTED_DOCUMENTS: a JSON object from SHA-256 to document.
//   trusted-documents.ts <file or folder…>    writes it to the standard output; without any, of graphql/examples
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse, print } from 'graphql';

const places = process.argv.length > 2 ? process.argv.slice(2) : ['graphql/examples'];
const documents = places.flatMap(filesOf).flatMap((path) => {
  const text = readFileSync(path, 'utf8');
  // A client sends a document as it was written, or as it prints what it has parsed.
  return [text, print(parse(text))];
});
const entries = documents.map((text) => [createHash('sha256').update(text).digest('hex'), text] as const);
console.log(JSON.stringify(Object.fromEntries(entries), null, 1));

function filesOf(place: string): readonly string[] {
  if (!statSync(place).isDirectory()) return [place];
  const names = readdirSync(place).filter((name) => name.endsWith('.graphql'));
  return names.sort().map((name) => join(place, name));
}

// The contracts that other programs rely on: the GraphQL schema and the messages. Their accepted state is committed.
//   check    fails where a contract breaks the accepted one, or grew without being accepted
//   accept   takes what there is now, unless it breaks the accepted one; with --breaking, even then
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { breakingChanges, contractOf } from './graphql-contract.ts';

/** A contract whose accepted state is in `file`. */
interface Contract {
  readonly name: string;
  readonly file: string;
  readonly now: string;
  /** How `now` breaks the accepted state. */
  readonly broken: () => readonly string[];
}

const GRAPHQL_FILE = 'graphql/baseline.graphql';
const MESSAGES_FILE = 'proto/baseline.json';

const { values, positionals } = parseArgs({ options: { breaking: { type: 'boolean' } }, allowPositionals: true });
const contracts = [graphql(), messages()];
process.exitCode = positionals[0] === 'accept' ? accept() : check();

function check(): number {
  let problems = 0;
  for (const { name, file, now, broken } of contracts) {
    const changes = isAccepted(file) ? broken() : [];
    for (const change of changes) console.error(`${name}: ${change}`);
    if (changes.length > 0) {
      console.error(
        `This breaks ${file}. Where it is meant: \`npm run schemas:accept -- --breaking\`, and commit that file.`,
      );
    } else if (!isAccepted(file) || readFileSync(file, 'utf8') !== now) {
      console.error(`${name}: ${file} is not up to date. Run \`npm run schemas:accept\` and commit that file.`);
    } else continue;
    problems += 1;
  }
  return problems === 0 ? 0 : 1;
}

function accept(): number {
  for (const { name, file, now, broken } of contracts) {
    const changes = isAccepted(file) && values.breaking !== true ? broken() : [];
    if (changes.length > 0) {
      console.error(`${name}: not accepted, since it breaks ${file}:\n${changes.join('\n')}`);
      return 1;
    }
    writeFileSync(file, now);
  }
  return 0;
}

function isAccepted(file: string): boolean {
  return existsSync(file);
}

function graphql(): Contract {
  const folder = 'graphql/schema';
  const names = readdirSync(folder).filter((name) => name.endsWith('.graphql'));
  const now = contractOf(names.map((name) => readFileSync(`${folder}/${name}`, 'utf8')));
  return {
    name: 'GraphQL',
    file: GRAPHQL_FILE,
    now,
    broken: () => breakingChanges(readFileSync(GRAPHQL_FILE, 'utf8'), now),
  };
}

function messages(): Contract {
  // Without source positions, so that comments and order are free to change.
  const image = buf('build', '--exclude-source-info', '--output', '-#format=json');
  if (image.status !== 0) throw new Error(image.stderr);
  const now = `${JSON.stringify(JSON.parse(image.stdout), null, 1)}\n`;
  const broken = () => {
    const { status, stdout, stderr } = buf('breaking', '--against', MESSAGES_FILE);
    return status === 0 ? [] : `${stdout}${stderr}`.trim().split('\n');
  };
  return { name: 'messages', file: MESSAGES_FILE, now, broken };
}

function buf(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('buf', args, { encoding: 'utf8', maxBuffer: 1e8 });
}

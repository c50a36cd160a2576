import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadDetector } from '../../src/detection/detector.ts';
import { checkRules, parseRules } from '../../src/detection/read-rules.ts';
import { inProgram } from '../../src/program.ts';

const RULE = `- id: ns-acme
  match: '*.acme.example'
  vendor: acme.example
  service: DNS
  why: Acme gives its customers two names.
  example: ns1.acme.example
  near: notacme.example
`;

function problemsOf(text: string): string[] {
  const { rules, problems } = parseRules('ns', text);
  return [...problems, ...checkRules(rules)];
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'avd-detection-'));
  await cp(inProgram('detection'), folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

test('a good rule has no problem', () => {
  expect(problemsOf(RULE)).toEqual([]);
});

test.each([
  ['id: ns-acme', 'id: NS Acme', 'name-servers.yaml: NS Acme: id: must be lower case words joined by -'],
  ['service: DNS', 'service: DSN', 'name-servers.yaml: ns-acme: service: Invalid option'],
  ['service: DNS', 'service: MAIL', 'name-servers.yaml: ns-acme: service: must be DNS in this file'],
  ['service: DNS', 'service: DNS\n  colour: red', 'name-servers.yaml: ns-acme: Unrecognized key: "colour"'],
  ['service: DNS', 'service: DNS\n  confidence: 2', 'name-servers.yaml: ns-acme: confidence: Too big'],
  [
    'vendor: acme.example',
    'vendor: www.acme.example',
    'name-servers.yaml: ns-acme: vendor: must be a registrable domain',
  ],
  ["'*.acme.example'", "'.*acme'", 'name-servers.yaml: ns-acme: match: .*acme: must be a host'],
  [
    'example: ns1.acme',
    'example: ns1.acne',
    'name-servers.yaml: ns-acme: example: ns1.acne.example: is matched by no rule',
  ],
  ['near: notacme', 'near: ns2.acme', 'name-servers.yaml: ns-acme: near: ns2.acme.example: is matched'],
  [
    "'*.acme.example'",
    "['*.acme.example', '*.acme.test']",
    'name-servers.yaml: ns-acme: match: *.acme.test: decides none',
  ],
])('%j spelled as %j is named', (right, wrong, problem) => {
  expect(problemsOf(RULE.replace(right, wrong)).join('\n')).toContain(problem);
});

test('a rule without a reason, an example or a near-miss is named', () => {
  const problems = problemsOf(RULE.split('\n').slice(0, 4).join('\n')).join('\n');
  for (const field of ['why', 'example', 'near']) expect(problems).toContain(`name-servers.yaml: ns-acme: ${field}:`);
});

test('an id used twice and a pattern used twice are named', () => {
  const problems = problemsOf(RULE + RULE);
  expect(problems).toContain('name-servers.yaml: ns-acme: the id is taken by a rule of name-servers.yaml');
  expect(problems).toContain('name-servers.yaml: ns-acme: match: *.acme.example: ns-acme has the same pattern');
});

test('text that is no YAML, or no list, is named with its file', () => {
  expect(problemsOf('- id: [')[0]).toMatch(/^name-servers\.yaml: .* \(1:8\)$/);
  expect(problemsOf('# none')[0]).toMatch(/^name-servers\.yaml: .* empty/);
  expect(problemsOf('id: ns-acme')).toEqual(['name-servers.yaml: must be a list of rules']);
});

test('all problems of all files are told at once', async () => {
  await writeFile(join(folder, 'name-servers.yaml'), RULE.replace('DNS', 'DSN'));
  await writeFile(join(folder, 'hosts.yaml'), '{');
  await rm(join(folder, 'spf-includes.yaml'));
  await expect(loadDetector(folder)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    details: {
      problems: [
        expect.stringMatching(/^hosts\.yaml: /),
        expect.stringMatching(/^name-servers\.yaml: ns-acme: service: /),
        expect.stringMatching(/^spf-includes\.yaml: can't be read: /),
      ],
    },
  });
});

test('a broken line of the entity list is named', async () => {
  const lines = [
    '{"name":"Acme","categories":["ad"],"domains":["*.acme.example"]}',
    '{',
    '{"name":"x","categories":["toys"],"domains":[]}',
  ];
  await writeFile(join(folder, 'third-party-web', 'entities.jsonl.gz'), gzipSync(lines.join('\n')));
  const problems = await loadDetector(folder).catch(
    (error: { details: { problems: string[] } }) => error.details.problems,
  );
  expect(problems).toEqual([expect.stringContaining('line 2: '), expect.stringContaining('line 3: categories: 0: ')]);
});

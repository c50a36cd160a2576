import { describe, expect, it } from 'vitest';
import { countChecks, countTests } from '../../scripts/count-results.ts';
import { LARGEST_FILE, problemsOf } from '../../scripts/file-rules.ts';
import { breakingChanges, contractOf } from '../../scripts/graphql-contract.ts';

const file = (path: string, text: string) => ({ path, bytes: Buffer.from(text) });
// Put together here, so that this file holds none of them.
const joined = (...parts: readonly string[]) => parts.join('');

describe('what no file may hold', () => {
  it.each([
    ['a machine’s path', joined('see /ho', 'me/ann/avd')],
    ['a registry’s host', joined('https://regis', 'try.example.com/tsx')],
    ['a private key', joined('-----BEGIN RSA PRIV', 'ATE KEY-----')],
    ['an access key', joined('AKI', 'AIOSFODNN7ABCDEFG')],
    ['a password in a URL', joined('bolt://neo4j:sec', 'ret@db.internal')],
  ])('finds %s and says where', (_, text) => {
    const problems = problemsOf(file('docs/a.md', `first line\n${text}\n`));
    expect(problems).toEqual([expect.stringMatching(/^docs\/a\.md:2 names /)]);
  });

  it('lets paths of the repository, of containers and of URLs be', () => {
    const text = '/graphql src/main/start.ts https://github.com/a/home/b /data/work/x https://user:pw@host.example/';
    expect(problemsOf(file('README.md', text))).toEqual([]);
  });

  it('refuses a file that is larger than allowed', () => {
    expect(problemsOf(file('a.bin', 'x'.repeat(LARGEST_FILE + 1)))).toHaveLength(1);
  });

  it('refuses a lock file that names where packages came from', () => {
    expect(problemsOf(file('package-lock.json', '{"resolved": "x"}'))).toHaveLength(1);
  });
});

describe('the GraphQL contract', () => {
  const before = contractOf(['"What it is." type Query { a(b: Int): String }', 'extend type Query { c: Int! }']);

  it('holds no descriptions, so that wording is free', () => {
    expect(contractOf(['type Query { c: Int! "Other words." a(b: Int): String }'])).toBe(before);
  });

  it('may grow, and may not lose or narrow what was there', () => {
    expect(breakingChanges(before, contractOf(['type Query { a(b: Int, d: Int): String c: Int! e: Int }']))).toEqual(
      [],
    );
    expect(breakingChanges(before, contractOf(['type Query { a(b: Int!): String c: Int }']))).toHaveLength(2);
  });
});

describe('the counts of .ci/run', () => {
  const report = (...statuses: readonly string[]) => ({
    testResults: [
      {
        name: 'a.test.ts',
        status: statuses.includes('failed') ? 'failed' : 'passed',
        assertionResults: statuses.map((status, i) => ({ fullName: `test ${i}`, status })),
      },
    ],
  });

  it('are those of the report; a skipped test is neither', () => {
    expect(countTests(report('passed', 'failed', 'passed', 'skipped'), 1)).toEqual({
      passed: 2,
      failed: 1,
      problems: ['test 1'],
    });
  });

  it('hold a failure for a file that could not be loaded', () => {
    const broken = { testResults: [{ name: 'b.test.ts', status: 'failed', assertionResults: [] }] };
    expect(countTests(broken, 1)).toEqual({ passed: 0, failed: 1, problems: ['b.test.ts'] });
  });

  it('hold a failure where the exit code tells of one that no test explains, or nothing was run', () => {
    expect(countTests(report('passed'), 1)).toMatchObject({ passed: 1, failed: 1 });
    expect(countTests(undefined, 0)).toMatchObject({ passed: 0, failed: 1 });
    expect(countChecks({ passed: ['a'], failed: [] }, 0)).toEqual({ passed: 1, failed: 0, problems: [] });
  });
});

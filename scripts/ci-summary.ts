// The last line of .ci/run: `N passed, N failed`, tests and checks together.
//   ci-summary.ts <vitest's JSON> <exit code of the tests> <check.ts's JSON> <exit code of the checks>
import { existsSync, readFileSync } from 'node:fs';
import { countChecks, countTests, type Outcome } from './count-results.ts';

const [testsFile = '', testsCode = '', checksFile = '', checksCode = ''] = process.argv.slice(2);
const outcomes: readonly Outcome[] = [
  countTests(read(testsFile), Number(testsCode)),
  countChecks(read(checksFile), Number(checksCode)),
];
for (const problem of outcomes.flatMap(({ problems }) => problems)) console.log(`✗ ${problem}`);
const sum = (which: 'passed' | 'failed') => outcomes.reduce((total, outcome) => total + outcome[which], 0);
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = sum('failed') === 0 ? 0 : 1;

function read(file: string): unknown {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

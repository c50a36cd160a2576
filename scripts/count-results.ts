import { z } from 'zod';

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  /** What failed, one line each. */
  readonly problems: readonly string[];
}

const testReport = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

const checkReport = z.object({ passed: z.array(z.string()), failed: z.array(z.string()) });

/**
 * Counts vitest's JSON report. A file that could not be loaded counts as one failure, and so does an exit code that no
 * test explains: an error outside of tests, or no report at all.
 */
export function countTests(report: unknown, exitCode: number): Outcome {
  const files = testReport.safeParse(report).data?.testResults ?? [];
  const tests = files.flatMap(({ assertionResults }) => assertionResults);
  const problems = tests.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName);
  for (const { name, status, assertionResults } of files) {
    if (status === 'failed' && assertionResults.every((test) => test.status !== 'failed')) problems.push(name);
  }
  return outcome('npm test', tests.filter(({ status }) => status === 'passed').length, problems, exitCode);
}

/** Counts the report of check.ts; see {@link countTests} for the exit code. */
export function countChecks(report: unknown, exitCode: number): Outcome {
  const { passed, failed } = checkReport.safeParse(report).data ?? { passed: [], failed: [] };
  return outcome('npm run check', passed.length, failed, exitCode);
}

function outcome(command: string, passed: number, failures: readonly string[], exitCode: number): Outcome {
  const silent = failures.length === 0 && (exitCode !== 0 || passed === 0);
  const problems = silent ? [`${command} ended with ${exitCode} after ${passed} passed`] : failures;
  return { passed, failed: problems.length, problems };
}

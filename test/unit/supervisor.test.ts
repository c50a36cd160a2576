import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppError, type ErrorCode } from '../../src/errors.ts';
import { leftProcesses, type Supervised, supervise } from '../../src/main/supervisor.ts';

const MAIN = join(import.meta.dirname, '../../src/main');
let home: string;
let said: string[];
let one: Supervised | undefined;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'avd-unit-'));
  said = [];
});
afterEach(async () => {
  await one?.kill();
  rmSync(home, { recursive: true, force: true });
});

/** A process that fails with this error, each time it is started. */
function failing(code: ErrorCode): Supervised {
  const script = join(home, 'failing.ts');
  writeFileSync(
    script,
    `import { AppError } from '${join(MAIN, '../errors.ts')}';
     import { sayLastWord } from '${join(MAIN, 'last-word.ts')}';
     process.exitCode = sayLastWord(new AppError('${code}', 'Why it ends.'));`,
  );
  one = supervise({ home, name: 'one', args: ['--import', 'tsx', script], say: (text) => said.push(text) });
  return one;
}

const starts = () => readFileSync(join(home, 'logs', 'one.log'), 'utf8').match(/"message":"Why it ends\."/g)?.length;

test.each(['DIGEST_CHANGED', 'OFFSET_OUT_OF_RANGE', 'DATABASE_REPLACED', 'CONFIG_INVALID'] as const)(
  'a process that ends with %s is not started again, and what it said is passed on',
  async (code) => {
    await expect(failing(code).failure).rejects.toEqual(new AppError(code, 'Why it ends.'));
    expect(starts()).toBe(1);
    expect(said).toEqual([]);
    expect(leftProcesses(home)).toEqual([]);
  },
);

test('a process that ends for another reason is started again, and why it ended is said', async () => {
  const { failure, stop } = failing('DATABASE_UNAVAILABLE');
  let over = false;
  void failure.catch(() => {
    over = true;
  });
  while (said.length < 2) await new Promise((resolve) => setTimeout(resolve, 50));
  await stop();
  expect(over).toBe(false);
  expect(said[0]).toMatch(/^one ended \(Why it ends\.\); it starts again in 0\.5 s/);
});

test('what a process said in an earlier life is not taken for the last word of this one', async () => {
  await expect(failing('DIGEST_CHANGED').failure).rejects.toThrow();
  writeFileSync(join(home, 'failing.mjs'), 'process.exit(1);');
  one = supervise({ home, name: 'one', args: [join(home, 'failing.mjs')], say: (t) => said.push(t) });
  while (said.length < 1) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(said[0]).toMatch(/^one ended; it starts again/);
});

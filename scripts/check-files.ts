// What no file may hold (see file-rules.ts), for each file that git knows or would add.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { LARGEST_REPOSITORY, problemsOf } from './file-rules.ts';

const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  maxBuffer: 1e8,
});
const paths = [...new Set(listed.toString().split('\0'))].filter((path) => path !== '' && existsSync(path));
const files = paths.map((path) => ({ path, bytes: readFileSync(path) }));
const problems = files.flatMap(problemsOf);
const total = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
if (total > LARGEST_REPOSITORY)
  problems.push(`All files together have ${total} bytes, and ${LARGEST_REPOSITORY} are allowed.`);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

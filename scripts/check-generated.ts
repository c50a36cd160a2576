// Generates the message code beside the repository and compares: the committed code has to be what `buf generate` makes.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const GENERATED = 'src/stream/generated';
const fresh = mkdtempSync(join(tmpdir(), 'avd-generated-'));
try {
  execFileSync('buf', ['generate', '--output', fresh], { stdio: 'inherit' });
  const paths = new Set([...filesIn(GENERATED), ...filesIn(join(fresh, GENERATED))]);
  const stale = [...paths].filter((path) => read(join(GENERATED, path)) !== read(join(fresh, GENERATED, path)));
  for (const path of stale) console.error(`${GENERATED}/${path} is not what proto/ says.`);
  if (stale.length > 0) console.error('Run `npx buf generate` and commit what it changes.');
  process.exitCode = stale.length === 0 ? 0 : 1;
} finally {
  rmSync(fresh, { recursive: true });
}

function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

function read(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

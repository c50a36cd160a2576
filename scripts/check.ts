// `npm run check`: runs every `check:…` script of package.json, whatever the others say, and tells which failed.
// `--json <file>` writes the result for .ci/run.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';

const { values } = parseArgs({ options: { json: { type: 'string' } } });
const manifest = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));
const names = Object.keys(manifest.scripts).filter((name) => name.startsWith('check:'));

/** Each of them keeps hardly more than one processor busy. */
const AT_ONCE = 2;
const passed: string[] = [];
const failed: string[] = [];
const waiting = [...names];
await Promise.all(Array.from({ length: AT_ONCE }, runWaiting));
console.log(failed.length === 0 ? `All ${names.length} checks passed.` : `Failed: ${failed.join(', ')}`);
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ passed, failed }));
process.exitCode = failed.length === 0 ? 0 : 1;

async function runWaiting(): Promise<void> {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const begin = Date.now();
    const { ok, output } = await run(name);
    (ok ? passed : failed).push(name);
    console.log(`${ok ? '✓' : '✗'} ${name} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
    if (!ok) console.log(output.trim().replaceAll(/^/gm, '    '));
  }
}

/** Runs one script of package.json and keeps what it prints. */
function run(name: string): Promise<{ ok: boolean; output: string }> {
  const child = spawn('npm', ['run', '--silent', name], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (text: Buffer): void => {
    output += text.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ ok: false, output: String(error) }));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}

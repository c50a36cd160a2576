// Makes build/ of the sources: each process and each thread one file of JavaScript, with the packages that it needs. As
// TypeScript, taken from some thousand files, they take three to five times as long to start.
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILD = join(ROOT, 'build');
const PROGRAMS = [
  'src/main/start.ts',
  'src/main/cli.ts',
  'src/main/api.ts',
  'src/main/consumers.ts',
  'src/main/dear-worker.ts',
  'src/exposure/worker.ts',
  'src/exposure/follower.ts',
];

/** Takes less than a second. What runs from an earlier build goes on. */
export async function build() {
  const { outputFiles } = await bundle({
    absWorkingDir: ROOT,
    entryPoints: PROGRAMS,
    // All files lie in one folder, next to src/, so that each finds what belongs to the program from where it is.
    entryNames: '[name]',
    outdir: BUILD,
    bundle: true,
    splitting: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // It looks for its own program in its package.
    external: ['esbuild'],
    // Packages of the older kind of module ask for Node's own by `require`.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    // For NODE_OPTIONS=--enable-source-maps. Always on it would make each refusal dear, since its stack is looked up.
    sourcemap: 'linked',
    sourcesContent: false,
    keepNames: true,
    logLevel: 'warning',
  });
  mkdirSync(BUILD, { recursive: true });
  for (const { path, contents } of outputFiles) {
    // Renamed only when it is whole: a process may start meanwhile.
    writeFileSync(`${path}.${process.pid}`, contents);
    renameSync(`${path}.${process.pid}`, path);
  }
  const made = new Set(outputFiles.map(({ path }) => basename(path)));
  for (const name of readdirSync(BUILD))
    if (/\.(js|map)$/.test(name) && !made.has(name)) rmSync(join(BUILD, name), { force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();

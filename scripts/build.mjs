// Makes build/ of the sources: each process and each thread one file of JavaScript, with the packages that it needs. As
// TypeScript, taken from some thousand files, they take three to five times as long to start.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILD = join(ROOT, 'build');
/** Of what the last build was made: by path, when each file was changed last. */
const INPUTS = join(BUILD, 'inputs.json');
/** What else a build depends on. Packages keep the times at which they were published, but npm writes down which they are. */
const BESIDES = ['scripts/build.mjs', 'package.json', 'node_modules/.package-lock.json'];
const PROGRAMS = [
  'src/main/start.ts',
  'src/main/cli.ts',
  'src/main/api.ts',
  'src/main/consumers.ts',
  'src/main/dear-worker.ts',
  'src/exposure/worker.ts',
  'src/exposure/follower.ts',
];
/** Packages of the older kind of module ask for Node's own by `require`. */
const REQUIRE =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);";

/** Takes a second where something has changed. What runs from an earlier build goes on. */
export async function build() {
  if (isFresh()) return;
  const begun = Date.now();
  const { build: bundle } = await import('esbuild');
  const { outputFiles, metafile } = await bundle({
    absWorkingDir: ROOT,
    entryPoints: PROGRAMS,
    // All files lie in one folder, next to src/, so that each finds what belongs to the program from where it is.
    entryNames: '[name]',
    outdir: BUILD,
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // It looks for its own program in its package.
    external: ['esbuild'],
    banner: { js: REQUIRE },
    // For NODE_OPTIONS=--enable-source-maps. Always on it would make each refusal dear, since its stack is looked up.
    sourcemap: 'linked',
    sourcesContent: false,
    keepNames: true,
    logLevel: 'warning',
  });
  mkdirSync(BUILD, { recursive: true });
  for (const { path, contents } of outputFiles) replace(path, contents);
  const made = new Set(outputFiles.map(({ path }) => basename(path)));
  for (const name of readdirSync(BUILD)) {
    if (/\.(js|map)$/.test(name) && !made.has(name)) rmSync(join(BUILD, name), { force: true });
  }
  const inputs = [...Object.keys(metafile.inputs), ...BESIDES].map((path) => {
    const changed = changedAt(path);
    // What is changed meanwhile may be half in it.
    return [path, changed < begun ? changed : null];
  });
  replace(INPUTS, JSON.stringify(Object.fromEntries(inputs)));
}

/** Whether nothing has changed since the last build. */
function isFresh() {
  try {
    const inputs = JSON.parse(readFileSync(INPUTS, 'utf8'));
    return Object.entries(inputs).every(([path, changed]) => changedAt(path) === changed);
  } catch {
    return false;
  }
}

const changedAt = (path) => statSync(join(ROOT, path)).mtimeMs;

/** The file takes its place when it is whole: a process may start meanwhile. */
function replace(path, contents) {
  writeFileSync(`${path}.${process.pid}`, contents);
  renameSync(`${path}.${process.pid}`, path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();

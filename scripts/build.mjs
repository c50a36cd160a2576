// Makes build/ of the sources: each process and each thread one file of JavaScript, with the packages that it needs. As
// TypeScript, taken from some thousand files, they take three to five times as long to start.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILD = join(ROOT, 'build');
/** Of what the last build was made, and what it made: by path, when each file was changed last. */
const RECORD = join(BUILD, 'record.json');
/** What else a build depends on. Packages keep the times at which they were published, but npm writes down which they are. */
const BESIDES = ['scripts/build.mjs', 'package.json', 'tsconfig.json', 'node_modules/.package-lock.json'];
/** `src/program.ts` starts them by the names of their files. */
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

/** Takes a second where something has changed. A process that starts meanwhile finds the old build whole, or the new one. */
export async function build() {
  const last = readRecord();
  if (last !== undefined && isAsItWas(last.inputs) && isAsItWas(last.outputs)) return;
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
    logLevel: 'warning',
  });
  mkdirSync(BUILD, { recursive: true });
  rmSync(RECORD, { force: true });
  // A program comes after the parts that it imports, whose names tell what is in them.
  const programs = new Set(PROGRAMS.map((path) => basename(path).replace('.ts', '.js')));
  const isProgram = ({ path }) => programs.has(basename(path));
  for (const { path, contents } of outputFiles.filter((file) => !isProgram(file))) replace(path, contents);
  for (const { path, contents } of outputFiles.filter(isProgram)) replace(path, contents);
  const outputs = times(Object.keys(metafile.outputs));
  // What runs may still ask for a part of the build before.
  const kept = new Set([...Object.keys(outputs), ...Object.keys(last?.outputs ?? {})].map((path) => basename(path)));
  for (const name of readdirSync(BUILD)) {
    const isBeingMade = /\.\d+$/.test(name);
    if (!kept.has(name) && !isBeingMade) rmSync(join(BUILD, name), { force: true });
  }
  // What is changed meanwhile may be half in it.
  const inputs = times([...Object.keys(metafile.inputs), ...BESIDES], (changed) => (changed < begun ? changed : null));
  replace(RECORD, JSON.stringify({ inputs, outputs }));
}

function readRecord() {
  try {
    return JSON.parse(readFileSync(RECORD, 'utf8'));
  } catch {
    return undefined;
  }
}

const times = (paths, of = (changed) => changed) =>
  Object.fromEntries(paths.map((path) => [path, of(changedAt(path))]));
const isAsItWas = (files) => Object.entries(files).every(([path, changed]) => changedAt(path) === changed);
const changedAt = (path) => statSync(join(ROOT, path), { throwIfNoEntry: false })?.mtimeMs;

/** The file takes its place when it is whole. */
function replace(path, contents) {
  writeFileSync(`${path}.${process.pid}`, contents);
  renameSync(`${path}.${process.pid}`, path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();

// Makes build/ of the sources: each process and each thread one file of JavaScript, with the packages that it needs. As
// TypeScript, taken from some thousand files, they take three to five times as long to start.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILD = join(ROOT, 'build');
/** Of what the last build was made, and what it made: paths, and when each file was changed last. */
const RECORD = join(BUILD, 'record.json');
/** What else a build depends on. Packages keep the times at which they were published, but npm writes down which they are. */
const BESIDES = ['scripts/build.mjs', 'package.json', 'tsconfig.json', 'node_modules/.package-lock.json'];
/** What runs may still ask for parts of an earlier build. */
const KEPT_MS = 86_400_000;
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

/** Takes a second where something has changed. A program that starts meanwhile is the old one whole, or the new one. */
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
    logLevel: 'warning',
  });
  mkdirSync(BUILD, { recursive: true });
  // A program comes after the parts that it imports, whose names tell what is in them.
  const programs = new Set(PROGRAMS.map((path) => basename(path).replace('.ts', '.js')));
  const isProgram = ({ path }) => programs.has(basename(path));
  const inOrder = [...outputFiles.filter((file) => !isProgram(file)), ...outputFiles.filter(isProgram)];
  const outputs = inOrder.map(({ path, contents }) => [relative(ROOT, path), replace(path, contents)]);
  // What is changed meanwhile may be half in it.
  const inputs = [...Object.keys(metafile.inputs), ...BESIDES].map((path) => {
    const changed = changedAt(path);
    return [path, changed < begun ? changed : null];
  });
  replace(RECORD, JSON.stringify([...inputs, ...outputs]));
  const kept = new Set([RECORD, ...outputFiles.map(({ path }) => path)]);
  for (const path of readdirSync(BUILD).map((name) => join(BUILD, name))) {
    // Absent: somebody else's file has just taken its place.
    const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? begun;
    if (!kept.has(path) && changed < begun - KEPT_MS) rmSync(path, { force: true });
  }
}

/** Whether nothing has changed since the last build, and nobody has changed what it made. */
function isFresh() {
  try {
    const record = JSON.parse(readFileSync(RECORD, 'utf8'));
    return record.every(([path, changed]) => changedAt(path) === changed);
  } catch {
    return false;
  }
}

const changedAt = (path) => statSync(join(ROOT, path)).mtimeMs;

/** The file takes its place when it is whole. @returns when it was written */
function replace(path, contents) {
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, contents);
  const { mtimeMs } = statSync(partial);
  renameSync(partial, path);
  return mtimeMs;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();

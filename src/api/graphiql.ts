import { basename, extname } from 'node:path';
import { build } from 'esbuild';
import { inProgram } from '../program.ts';

/** A file that a browser asks for. */
export interface Asset {
  readonly contents: Uint8Array;
  readonly type: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.ttf': 'font/ttf',
};

/**
 * GraphiQL, bundled from its npm packages into memory when it is first asked for (some seconds, some megabytes): nothing
 * is loaded from elsewhere, and there is no generated folder that could be stale.
 */
export function createGraphiql() {
  let bundled: Promise<ReadonlyMap<string, Asset>> | undefined;
  return {
    /** The file of that name, or undefined where there is none. */
    async asset(name: string): Promise<Asset | undefined> {
      bundled ??= bundle();
      return (await bundled).get(name);
    },
  };
}

async function bundle(): Promise<ReadonlyMap<string, Asset>> {
  const { outputFiles } = await build({
    absWorkingDir: inProgram('src/api/graphiql'),
    entryPoints: ['client.js', 'graphql-worker.js', 'json-worker.js', 'editor-worker.js'],
    outdir: '/graphiql',
    bundle: true,
    write: false,
    minify: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    loader: { '.ttf': 'file' },
    assetNames: '[name]',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'silent',
  });
  return new Map(outputFiles.map(({ path, contents }) => [basename(path), { contents, type: typeOf(path) }]));
}

function typeOf(path: string): string {
  return TYPES[extname(path)] ?? 'application/octet-stream';
}

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { inProgram } from '../../src/program.ts';
import type { TestServers } from './servers.ts';

/** A process that keeps an index with a saved file, and is there to be killed. */
export interface IndexProcess {
  /** What its keeper has said so far. */
  said(): string[];
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

export interface IndexProcessSettings {
  readonly servers: TestServers;
  readonly file: string;
  /** In ms. */
  readonly saveEvery: number;
}

/** Makes the program one file of JavaScript: as TypeScript it takes a second to start. @returns its path */
export async function buildIndexProgram(): Promise<string> {
  const outfile = inProgram('build/index-program.js');
  await build({
    entryPoints: [fileURLToPath(new URL('index-program.ts', import.meta.url))],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
  });
  return outfile;
}

export function startIndexProcess(program: string, settings: IndexProcessSettings): IndexProcess {
  const child = spawn(process.execPath, [program, JSON.stringify(settings)], { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    said: () => text.split('\n').slice(0, -1),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AppError } from '../errors.ts';
import { inProgram } from '../program.ts';
import { requireMaven } from './java.ts';

export type Progress = (text: string) => void;

/** Where jars are kept: AVD_CACHE, else `~/.cache/avd`. Shared by all copies of AVD of this user. */
function cacheFolder(): string {
  return process.env.AVD_CACHE || join(homedir(), '.cache', 'avd');
}

/**
 * The folder with a server's jars; fetched from Maven Central at first use, which takes a minute or two.
 * @throws AppError TOOL_MISSING without Maven, SERVER_NOT_READY where Maven fails, with Maven's own last words.
 */
export async function jarsOf(
  server: 'neo4j' | 'kafka',
  version: string,
  progress: Progress = () => {},
  signal?: AbortSignal,
): Promise<string> {
  const cache = cacheFolder();
  const folder = join(cache, `${server}-${version}`);
  if (existsSync(folder)) return folder;
  await requireMaven();
  mkdirSync(cache, { recursive: true });
  // Renamed only when complete: a fetch that was cut off, or a second one beside it, leaves no half a folder.
  const partial = mkdtempSync(join(cache, `${server}-`));
  try {
    await copyDependencies(server, version, partial, progress, signal);
    if (!existsSync(folder)) renameSync(partial, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

async function copyDependencies(
  server: string,
  version: string,
  into: string,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> {
  const pom = inProgram(`src/local/poms/${server}.pom.xml`);
  const maven = spawn(
    'mvn',
    [
      '-B',
      '-f',
      pom,
      `-Dserver.version=${version}`,
      'dependency:copy-dependencies',
      `-DoutputDirectory=${into}`,
      '-DincludeScope=runtime',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], ...(signal && { signal }) },
  );
  let fetched = 0;
  const errors: string[] = [];
  createInterface({ input: maven.stdout }).on('line', (line) => {
    if (/^(\[INFO\] )?Downloaded from .*\.jar /.test(line))
      progress(`fetching ${server} ${version} by Maven: ${++fetched} files`);
    if (line.startsWith('[ERROR]')) errors.push(line.slice('[ERROR] '.length));
  });
  const code = await new Promise<number | null>((resolve, reject) =>
    maven.once('error', reject).once('close', resolve),
  );
  if (code !== 0) {
    throw new AppError(
      'SERVER_NOT_READY',
      `Maven could not fetch ${server} ${version}: ${errors[0] ?? `exit code ${code}`}`,
    );
  }
}

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../errors.ts';

const run = promisify(execFile);
const NEEDED = 17;

/** The command that installs what is missing, for the system we are on. */
function installCommand(packages: { apt: string; brew: string }): string {
  return process.platform === 'darwin' ? `brew install ${packages.brew}` : `apt-get install ${packages.apt}`;
}

/**
 * The path of a Java that is new enough: JAVA_HOME's, else the one on the PATH.
 * @throws AppError TOOL_MISSING with the command that installs it.
 */
export async function findJava(): Promise<string> {
  const home = process.env.JAVA_HOME;
  const java = home ? join(home, 'bin', 'java') : 'java';
  const how = `install it with: ${installCommand({ apt: 'openjdk-17-jre-headless', brew: 'openjdk@17' })}`;
  let text: string;
  try {
    text = (await run(java, ['-version'])).stderr;
  } catch {
    throw new AppError('TOOL_MISSING', `Java ${NEEDED} or newer is needed to run Neo4j and Kafka here; ${how}`);
  }
  const major = Number(/version "(\d+)/.exec(text)?.[1]);
  if (major >= NEEDED) return java;
  throw new AppError('TOOL_MISSING', `Java ${NEEDED} or newer is needed, and ${java} is ${major || 'unknown'}; ${how}`);
}

/** @throws AppError TOOL_MISSING with the command that installs Maven. */
export async function requireMaven(): Promise<void> {
  try {
    await run('mvn', ['-v']);
  } catch {
    const how = `install it with: ${installCommand({ apt: 'maven', brew: 'maven' })}`;
    throw new AppError('TOOL_MISSING', `Maven is needed to fetch Neo4j and Kafka; ${how}`);
  }
}

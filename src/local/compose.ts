import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { promisify } from 'node:util';
import { AppError } from '../errors.ts';
import { inProgram } from '../program.ts';
import { passwordOf, type ServersFile } from './home.ts';

const run = promisify(execFile);
const ANSWERS_WITHIN_MS = 3_000;

/** Whether a Docker engine with Compose answers within three seconds. */
export async function dockerAnswers(): Promise<boolean> {
  try {
    await run('docker', ['info'], { timeout: ANSWERS_WITHIN_MS });
    await run('docker', ['compose', 'version'], { timeout: ANSWERS_WITHIN_MS });
    return true;
  } catch {
    return false;
  }
}

export type Service = 'neo4j' | 'kafka';

/**
 * Starts these services of docker-compose.yml and waits until they are healthy.
 * @throws AppError SERVER_NOT_READY with the command that shows their logs.
 */
export async function composeUp(home: string, servers: ServersFile, services: readonly Service[]): Promise<void> {
  const code = await compose(home, servers, ['up', '--detach', '--wait', ...services]);
  if (code === 0) return;
  await compose(home, servers, ['stop', ...services]);
  const logs = `docker compose -p ${projectOf(home)} logs ${services.join(' ')}`;
  throw new AppError('SERVER_NOT_READY', `Docker Compose could not bring up ${services.join(' and ')}; see: ${logs}`);
}

/** Stops them one after the other, and keeps their data. */
export async function composeStop(home: string, servers: ServersFile, services: readonly Service[]): Promise<void> {
  for (const service of services) await compose(home, servers, ['stop', service]);
}

/** The password goes by the environment: an argument would be seen in the list of processes. */
function compose(home: string, servers: ServersFile, args: readonly string[]): Promise<number | null> {
  const child = spawn('docker', ['compose', '--env-file', 'servers.env', '-p', projectOf(home), ...args], {
    cwd: inProgram('.'),
    stdio: ['ignore', 'ignore', 'inherit'],
    // In its own group: a Ctrl-C is ours to act on, not Compose's.
    detached: true,
    env: {
      ...process.env,
      NEO4J_PASSWORD: passwordOf(home),
      NEO4J_PORT: String(servers.neo4j.port),
      KAFKA_PORT: String(servers.kafka.port),
    },
  });
  return new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
}

/** One project, with its own containers and volumes, for each AVD_HOME. */
function projectOf(home: string): string {
  return `avd-${createHash('sha256').update(realpathSync(home)).digest('hex').slice(0, 10)}`;
}

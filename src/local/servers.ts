import { join } from 'node:path';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import { composeStop, composeUp, dockerAnswers, type Service } from './compose.ts';
import { chooseServers, makeHome, passwordOf, readServersFile, type ServersFile, writeServersFile } from './home.ts';
import type { Progress } from './jars.ts';
import { startKafka } from './kafka.ts';
import { startNeo4j } from './neo4j.ts';
import { isFree } from './ports.ts';
import { findProcess, type OwnProcess } from './processes.ts';

/** Kafka goes first: what it still holds can wait, and nothing then writes to Neo4j. */
const STOP_ORDER: readonly Service[] = ['kafka', 'neo4j'];

const pidFileOf = (home: string, service: Service) => join(home, service, 'pid');

export interface StartServers {
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
  /** Never other ports than last time: somebody is connected to those. */
  readonly samePorts?: boolean;
}

/**
 * Starts those of Neo4j and Kafka that the settings don't name, or adopts those that an earlier start left: by Docker
 * Compose where an engine answered at the first start, else as child processes. They outlive this process.
 * When this throws, nothing that it started is left.
 * @returns how they run: `named` where the settings name both.
 * @throws AppError SERVER_NOT_READY, TOOL_MISSING, each with one sentence that says what to do.
 */
export async function startServers(config: Config, options: StartServers = {}): Promise<'named' | ServersFile['by']> {
  const services = ownServices(config);
  if (services.length === 0) return 'named';
  makeHome(config.home);
  const servers = await rememberedServers(config.home, options.samePorts === true);
  if (servers.by === 'docker') await composeUp(config.home, servers, services);
  else await startProcesses(config.home, servers, services, options);
  return servers.by;
}

/**
 * Tells a server that was stopped from one that is slow, before a client waits for it in vain.
 * @throws AppError SERVER_NOT_READY where one that should run here as a child process doesn't.
 */
export function requireRunning(config: Config): void {
  if (readServersFile(config.home)?.by !== 'processes') return;
  const running = new Set(runningProcesses(config.home).map(([service]) => service));
  const missing = ownServices(config).filter((service) => !running.has(service));
  if (missing.length === 0) return;
  throw new AppError(
    'SERVER_NOT_READY',
    `${missing.join(' and ')} of ${config.home} ${missing.length > 1 ? 'do' : 'does'} not run: run \`npm start\` or \`npm run avd -- up\`.`,
  );
}

/** Stops what runs from this folder, Kafka first, and waits until it is gone. @returns what it stopped. */
export async function stopServers(home: string): Promise<Service[]> {
  const servers = readServersFile(home);
  if (servers?.by === 'docker') {
    if (!(await dockerAnswers())) return [];
    await composeStop(home, servers, STOP_ORDER);
    return [...STOP_ORDER];
  }
  const stopped: Service[] = [];
  for (const [service, process] of runningProcesses(home)) {
    await process.stop();
    stopped.push(service);
  }
  return stopped;
}

/** SIGKILL to the servers that run from this folder as child processes: nothing is lost, the next start recovers. */
export async function killServers(home: string): Promise<void> {
  await Promise.all(runningProcesses(home).map(([, process]) => process.kill()));
}

/** The servers that run from this folder as child processes, in the order in which they are to be stopped. */
export function runningProcesses(home: string): [Service, OwnProcess][] {
  return STOP_ORDER.flatMap((service) => {
    const process = findProcess(pidFileOf(home, service));
    return process ? [[service, process]] : [];
  });
}

function ownServices(config: Config): Service[] {
  return [...(config.neo4j ? [] : ['neo4j' as const]), ...(config.kafkaBrokers ? [] : ['kafka' as const])];
}

/** The ports of the last start, unless a stranger has taken one meanwhile; then others, for the server concerned. */
async function rememberedServers(home: string, samePorts: boolean): Promise<ServersFile> {
  const known = readServersFile(home);
  if (known?.by === 'processes' && samePorts) return known;
  if (known?.by === 'docker') {
    if (await dockerAnswers()) return known;
    throw new AppError(
      'SERVER_NOT_READY',
      `The data of ${home} lives in Docker, which does not answer: start it, or choose another AVD_HOME.`,
    );
  }
  const fresh = await chooseServers(known?.by ?? ((await dockerAnswers()) ? 'docker' : 'processes'));
  const servers = {
    by: fresh.by,
    neo4j: known && (await usable(home, 'neo4j', [known.neo4j.port])) ? known.neo4j : fresh.neo4j,
    kafka:
      known && (await usable(home, 'kafka', [known.kafka.port, known.kafka.controllerPort]))
        ? known.kafka
        : fresh.kafka,
  };
  writeServersFile(home, servers);
  return servers;
}

async function usable(home: string, service: Service, ports: readonly number[]): Promise<boolean> {
  if (findProcess(pidFileOf(home, service))) return true;
  return (await Promise.all(ports.map(isFree))).every(Boolean);
}

async function startProcesses(
  home: string,
  servers: ServersFile,
  services: readonly Service[],
  { progress = () => {}, signal }: StartServers,
): Promise<void> {
  const before = new Set(runningProcesses(home).map(([, process]) => process.pid));
  const start: Record<Service, () => Promise<OwnProcess>> = {
    neo4j: () =>
      startNeo4j({ home: join(home, 'neo4j'), port: servers.neo4j.port, password: passwordOf(home), progress, signal }),
    kafka: () => startKafka({ home: join(home, 'kafka'), ...servers.kafka, progress, signal }),
  };
  // Each one's end is waited for: what is still starting can't be stopped yet.
  const ends = await Promise.allSettled(services.map((service) => start[service]()));
  const failed = ends.find((end) => end.status === 'rejected');
  if (!failed) return;
  for (const [, process] of runningProcesses(home)) if (!before.has(process.pid)) await process.stop();
  throw failed.reason;
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config.ts';
import { readServersFile } from '../local/home.ts';
import { runningProcesses, startServers } from '../local/servers.ts';

const LOOK_EVERY_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Starts Neo4j or Kafka again when one that runs as our child process ends by itself, on the same ports, until `stop`
 * aborts. Consumers wait meanwhile; nothing is lost. (Docker does the same for what it runs.)
 */
export async function keepServers(config: Config, stop: AbortSignal, say: (text: string) => void): Promise<void> {
  const wanted = [...(config.neo4j ? [] : ['neo4j']), ...(config.kafkaBrokers ? [] : ['kafka'])];
  if (wanted.length === 0 || readServersFile(config.home)?.by !== 'processes') return;
  let pause = LOOK_EVERY_MS;
  while (!stop.aborted) {
    await sleep(pause, undefined, { signal: stop }).catch(() => undefined);
    const running = new Set<string>(runningProcesses(config.home).map(([service]) => service));
    const missing = wanted.filter((service) => !running.has(service));
    if (missing.length === 0 || stop.aborted) continue;
    say(`${missing.join(' and ')} ended; starting again`);
    try {
      await startServers(config, { signal: stop, samePorts: true });
      pause = LOOK_EVERY_MS;
    } catch (error) {
      if (stop.aborted) return;
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      say(
        `${missing.join(' and ')} could not be started, trying again in ${pause / 1000} s: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
}

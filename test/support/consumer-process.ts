import { spawn } from 'node:child_process';
import { processArguments } from '../../src/program.ts';
import type { TestServers } from './servers.ts';

/** One consumer process, started as `npm start` starts it. */
export interface ConsumerProcess {
  isAlive(): boolean;
  /** All that it has written so far. */
  output(): string;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves when it has left its groups. @throws where it had ended by itself, or does not end well */
  stop(): Promise<void>;
}

/** Starts one consumer process against these servers. It ends with the tests, however they end. */
export function startConsumerProcess(servers: TestServers, partitions: number): ConsumerProcess {
  const child = spawn(process.execPath, processArguments('consumers'), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      NEO4J_URI: servers.neo4j.uri,
      NEO4J_USERNAME: servers.neo4j.username,
      NEO4J_PASSWORD: servers.neo4j.password,
      KAFKA_BROKERS: servers.kafkaBrokers.join(','),
      AVD_PARTITIONS: String(partitions),
      AVD_PARENT_PID: String(process.pid),
      LOG_LEVEL: 'debug',
    },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const isAlive = () => child.exitCode === null && child.signalCode === null;
  return {
    isAlive,
    output: () => text,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      if (!isAlive()) throw new Error(`a consumer ended by itself:\n${text.slice(-4_000)}`);
      child.kill('SIGTERM');
      const code = await ended;
      // One that has not yet come to listen for the signal is ended by it, and has nothing to leave.
      const hadNotBegun = child.signalCode === 'SIGTERM' && !text.includes('"name":"consumers"');
      if (code !== 0 && !hadNotBegun) throw new Error(`a consumer ended with ${code}:\n${text.slice(-4_000)}`);
    },
  };
}

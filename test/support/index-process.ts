import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { loadSources } from '../../src/governance/sources.ts';
import { openDriver } from '../../src/graph/driver.ts';
import { inProgram } from '../../src/program.ts';
import { createKafka } from '../../src/stream/kafka.ts';
import { startKeeping } from './keeping.ts';
import type { TestServers } from './servers.ts';

const SOURCES = inProgram('governance/sources.yaml');

/** A process that keeps an index with a saved file, and is there to be killed. */
export interface IndexProcess {
  /** What its keeper has said so far. */
  said(): string[];
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

interface Settings {
  readonly servers: TestServers;
  readonly file: string;
  /** In ms. */
  readonly saveEvery: number;
}

export function startIndexProcess(settings: Settings): IndexProcess {
  const program = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify(settings)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
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

async function keepOn({ servers, file, saveEvery }: Settings): Promise<void> {
  const [driver, kafka] = [openDriver(servers.neo4j), createKafka(servers.kafkaBrokers)];
  const { sources } = await loadSources(SOURCES);
  const { said } = startKeeping({ driver, kafka, sources, file, saveEvery });
  let told = 0;
  setInterval(() => {
    for (const text of said.slice(told)) process.stdout.write(`${text}\n`);
    told = said.length;
  }, 5);
  // It ends with the tests, however they end.
  process.stdin.resume().once('close', () => process.exit(0));
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] !== undefined)
  void keepOn(JSON.parse(process.argv[2]) as Settings);

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDriver } from '../src/graph/driver.ts';
import { migrate } from '../src/graph/migrate.ts';
import { createWriter } from '../src/graph/writer.ts';
import { startKafka } from '../src/local/kafka.ts';
import { startNeo4j } from '../src/local/neo4j.ts';
import { freePorts } from '../src/local/ports.ts';
import { inProgram, processArguments } from '../src/program.ts';
import { createKafka, ensureTopics } from '../src/stream/kafka.ts';
import { CALLS, decode, encode, type Row, rowAt, vendorName } from './rows.ts';

/** Sites of the crawl, and vendors that use vendors themselves: most of all is reached from a hub within some hops. */
const SITES = 20_000;
const VENDORS_OF_VENDORS = 5_000;

interface Asked {
  readonly ms: number;
  readonly bytes: number;
  readonly cost: number;
  readonly codes: readonly string[];
}

/** The API as it is run, in a process of its own. */
export interface ServedApi {
  /** `mark` is another one for each question whose answer may not be a kept one. */
  ask(document: string, mark: string, variables?: object): Promise<Asked>;
  /** Takes an answer without looking at it, so that who is measured beside does not wait for that. @returns ms */
  drain(document: string, mark: string, signal: AbortSignal): Promise<number>;
  /** Whether the limits let a document through; nothing of it is executed. */
  isLetThrough(document: string): Promise<boolean>;
  /** Memory of the process, in MB. */
  memory(): number;
  mostMemory(): number;
}

/** Runs `work` against an API with its exposure index, over 225,000 claims in a Neo4j of its own. */
export async function withServedApi(work: (api: ServedApi) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'avd-bench-'));
  const [neo4jPort = 0, kafkaPort = 0, controllerPort = 0, port = 0] = await freePorts(4);
  const neo4j = await startNeo4j({ home: join(folder, 'neo4j'), port: neo4jPort, password: 'only-for-benchmarks' });
  const kafka = await startKafka({ home: join(folder, 'kafka'), port: kafkaPort, controllerPort });
  const driver = openDriver(neo4j);
  try {
    await migrate(driver, inProgram('migrations'));
    await ensureTopics(createKafka(kafka.brokers), { partitions: 1 });
    await load(createWriter({ driver, rankOf: () => 1 }));
    const env = {
      ...process.env,
      NEO4J_URI: neo4j.uri,
      NEO4J_USERNAME: neo4j.username,
      NEO4J_PASSWORD: neo4j.password,
      KAFKA_BROKERS: kafka.brokers.join(','),
      AVD_HOME: join(folder, 'home'),
      PORT: String(port),
      LOG_LEVEL: 'error',
      NODE_ENV: 'production',
    };
    const child = spawn(process.execPath, processArguments('api'), {
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    try {
      const api = createClient(`http://127.0.0.1:${port}/graphql`, child.pid ?? 0);
      await untilIndexed(api);
      await work(api);
    } finally {
      child.kill('SIGTERM');
      await new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(undefined)));
    }
  } finally {
    await driver.close();
    await kafka.stop();
    await neo4j.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function load(writer: ReturnType<typeof createWriter>): Promise<void> {
  const ofVendors = Array.from({ length: VENDORS_OF_VENDORS * CALLS }, (_, n): Row => {
    const row = rowAt(n, 1);
    return { ...row, subject: vendorName(Math.floor(n / CALLS)), object: vendorName((n * 7919) % VENDORS_OF_VENDORS) };
  });
  const rows = [...Array.from({ length: SITES * CALLS }, (_, n) => rowAt(n, 0)), ...ofVendors];
  for (let from = 0; from < rows.length; from += 5_000) {
    const values = encode(rows.slice(from, from + 5_000));
    const events = values.map((value) => ({ actions: decode(value), outcome: 'mapped' as const }));
    await writer.write({ group: 'bench', topic: 'rows', partition: 0, from, next: from + events.length, events });
  }
}

function createClient(url: string, pid: number): ServedApi {
  const headers = { 'content-type': 'application/json' };
  const queryOf = (document: string, mark: string): string => `${document} # ${mark}`;
  const post = async (body: object) => {
    const begun = performance.now();
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await response.text();
    return { text, ms: performance.now() - begun };
  };
  const memory = (line: string): number => {
    const found = new RegExp(`${line}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Math.round(Number(found?.[1]) / 1000);
  };
  return {
    async ask(document, mark, variables = {}) {
      const { text, ms } = await post({ query: queryOf(document, mark), variables });
      const { errors = [], extensions } = JSON.parse(text) as {
        errors?: { extensions: { code: string } }[];
        extensions?: { cost?: { items: number } };
      };
      const codes = [...new Set(errors.map((error) => error.extensions.code))];
      return { ms, bytes: text.length, cost: extensions?.cost?.items ?? 0, codes };
    },
    async drain(document, mark, signal) {
      const begun = performance.now();
      const asked = request(url, { method: 'POST', headers, signal });
      asked.end(JSON.stringify({ query: queryOf(document, mark) }));
      const [answer] = (await once(asked, 'response', { signal })) as [IncomingMessage];
      await finished(answer.resume());
      return performance.now() - begun;
    },
    async isLetThrough(document) {
      // A variable of the wrong type is found after the limits have been looked at, and before anything is executed.
      const query = document.replace('{', 'query ($wrong: Boolean!) { __typename @include(if: $wrong)');
      const { text } = await post({ query, variables: { wrong: 'no number' } });
      return text.includes('BAD_USER_INPUT');
    },
    memory: () => memory('VmRSS'),
    mostMemory: () => memory('VmHWM'),
  };
}

/** Until the index answers: only it knows versions. */
async function untilIndexed(api: ServedApi): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const asked = await api.ask('{ vendors(first: 1) { totalCount } }', `${tries}`).catch(() => undefined);
    if (asked !== undefined && asked.codes.length === 0 && asked.ms < 100) return;
    await sleep(200);
  }
  throw new Error('The index does not come up.');
}

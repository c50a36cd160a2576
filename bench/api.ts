import { createServer } from 'node:http';
import { toAnswer } from '../src/api/answer-cache.ts';
import { readJson } from '../src/api/http.ts';
import { closeServer, listen } from '../src/api/listen.ts';
import { type ApiDeps, createApi } from '../src/api/server.ts';
import { loadSources } from '../src/governance/sources.ts';
import { createLogger } from '../src/logger.ts';
import { inProgram } from '../src/program.ts';
import { createNeo4jQueries } from '../src/queries/neo4j.ts';
import type { ExposureQueries } from '../src/queries/types.ts';
import { firstApi } from './api-first.ts';
import { ask, bodyOf, CONNECTIONS, fire, loadPage, median } from './api-page.ts';
import { withDatabase } from './database.ts';
import { forNobody } from './nobody.ts';

/**
 * What the API costs beside its bytes: a page of 50 dependencies from Apollo as it was first built, from the API as it is
 * (graphql-js alone, planned, and with kept answers), and from a bare `node:http` server that sends the same bytes; with
 * an engine that answers from memory, and with Neo4j. The same for a client that has the page already.
 */
const SCHEMA = inProgram('graphql/schema');
const SOURCES = inProgram('governance/sources.yaml');
const SECONDS = 5;
const ROUNDS = 3;

const QUERY = `query Page($domain: String!) {
  organization(domain: $domain) {
    dependencies(first: 50) {
      edges { node { key name } critical confidence firstSeen lastSeen stale status services { service critical } }
    }
  }
}`;
const BODY = bodyOf(QUERY);

interface Contestant {
  readonly name: string;
  readonly port: number;
  readonly close: () => Promise<void>;
  /** The tag of its page, where its clients are to have it already. */
  readonly ifNoneMatch?: string;
}

export async function benchApi(): Promise<void> {
  await withDatabase(async (driver) => {
    await loadPage(driver);
    const { sources } = await loadSources(SOURCES);
    const database = createNeo4jQueries({ driver, sources });
    const log = createLogger('error', 'bench');
    const rest = { ...forNobody(driver), sources, schemaFolder: SCHEMA, log, introspection: true, timeLimit: 10_000 };
    await compare('an engine in memory', { queries: remembering(database), ...rest });
    await compare('Neo4j', { queries: database, ...rest });
  });
}

async function compare(engine: string, deps: ApiDeps): Promise<void> {
  const version = () => 'v1';
  const contestants: Contestant[] = [
    await firstApi(deps),
    await serve('graphql-js, cache control off', { ...deps, executor: 'plain' }),
    await serve('planned', deps),
    await serve('planned and kept', { ...deps, version }),
    await bareServer(await pageOf(deps)),
  ];
  const known = [
    await known304('planned, known', await serve('', deps)),
    await known304('planned and kept, known', await serve('', { ...deps, version })),
    await known304('bare, known', await bareServer(await pageOf(deps))),
  ];
  const rates = new Map<string, number[]>();
  for (let round = 0; round <= ROUNDS; round++) {
    for (const { name, port, ifNoneMatch } of [...contestants, ...known]) {
      const { rate } = await fire(port, { body: BODY, seconds: round === 0 ? 2 : SECONDS, ifNoneMatch });
      // The first round warms up.
      if (round > 0) rates.set(name, [...(rates.get(name) ?? []), rate]);
    }
  }
  report(engine, rates);
  for (const { close } of [...contestants, ...known]) await close();
}

function report(engine: string, rates: ReadonlyMap<string, readonly number[]>): void {
  const first = median([...rates.values()][0] ?? []);
  process.stdout.write(`${engine}, ${CONNECTIONS} connections, median of ${ROUNDS}: requests a second, ÷ the first\n`);
  for (const [name, all] of rates) {
    const rate = median(all);
    process.stdout.write(
      `  ${name.padEnd(32)} ${rate.toFixed(0).padStart(6)} ${(rate / first).toFixed(2).padStart(6)}\n`,
    );
  }
}

async function serve(name: string, deps: ApiDeps): Promise<Contestant> {
  const api = await createApi(deps);
  return { name, port: await api.listen(0, '127.0.0.1'), close: api.close };
}

async function pageOf(deps: ApiDeps): Promise<string> {
  const { port, close } = await serve('', deps);
  const text = await ask(port, BODY);
  await close();
  return text;
}

async function known304(name: string, { port, close }: Contestant): Promise<Contestant> {
  const text = await ask(port, BODY);
  return { name, port, close, ifNoneMatch: toAnswer('', text).etag };
}

/** Reads a request and sends a page that is ready. */
async function bareServer(text: string): Promise<Contestant> {
  const { body, etag } = toAnswer('', text);
  const server = createServer((request, response) => {
    void readJson(request).then(() => {
      if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end();
      else response.writeHead(200, { 'content-type': 'application/json', etag }).end(body);
    });
  });
  const port = await listen(server, 0, '127.0.0.1');
  return { name: 'bare node:http', port, close: () => closeServer(server) };
}

/** The same questions, each answered by the database once and from memory from then on, whatever their instant. */
function remembering(database: ExposureQueries): ExposureQueries {
  const answers = new Map<string, unknown>();
  const queries: ExposureQueries = new Proxy(database, {
    get(target, name) {
      if (name === 'within' || name === 'seenBy') return () => queries;
      const ask = Reflect.get(target, name) as (...args: readonly unknown[]) => unknown;
      return async (...args: readonly unknown[]) => {
        const question = JSON.stringify([name, args], (key, value) => (key === 'at' ? undefined : value));
        const answer = answers.get(question) ?? (await ask(...args));
        answers.set(question, answer);
        return answer;
      };
    },
  });
  return queries;
}

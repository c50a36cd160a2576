import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { createAccess } from '../src/api/access.ts';
import { createApi } from '../src/api/server.ts';
import { loadSources } from '../src/governance/sources.ts';
import type { Driver } from '../src/graph/driver.ts';
import { createWriter } from '../src/graph/writer.ts';
import { createLogger } from '../src/logger.ts';
import { createPortfolioChanges } from '../src/main/portfolio-changes.ts';
import { createAlertQueries } from '../src/queries/alert.ts';
import { createNeo4jQueries } from '../src/queries/neo4j.ts';
import { createPortfolioQueries } from '../src/queries/portfolio.ts';
import { withDatabase } from './database.ts';
import { decode, encode, rowAt, vendorName } from './rows.ts';

/**
 * What GraphQL costs on top of its Cypher: a page of 50 dependencies with their claims, beside a bare `node:http` server
 * that sends the same statements with the same parameters to the same database and writes the rows as JSON.
 */
const SCHEMA = fileURLToPath(new URL('../graphql/schema', import.meta.url));
const SOURCES = fileURLToPath(new URL('../governance/sources.yaml', import.meta.url));
const DOMAIN = 'busy.example';
const CONNECTIONS = 8;
const SECONDS = 10;
const ROUNDS = 3;

const QUERY = `query Page($domain: String!) {
  organization(domain: $domain) {
    dependencies(first: 50) {
      edges { node { key name } critical confidence firstSeen lastSeen stale status
        services { service critical confidence claims }
        claims(first: 5) { edges { node { service firstSeen lastSeen confidence source { id } } } } }
      pageInfo { hasNextPage endCursor }
    }
  }
}`;

interface Sent {
  readonly text: string;
  readonly params: object;
}

export async function benchApi(): Promise<void> {
  await withDatabase(async (driver) => {
    await load(driver);
    const sent: Sent[] = [];
    const { sources } = await loadSources(SOURCES);
    const log = createLogger('error', 'bench');
    const serve = (watched: Driver) =>
      createApi({
        queries: createNeo4jQueries({ driver: watched, sources }),
        portfolios: createPortfolioQueries({ driver: watched }),
        alerts: createAlertQueries({ driver: watched }),
        portfolioChanges: createPortfolioChanges(() => Promise.reject(new Error('no changes here'))),
        sources,
        schemaFolder: SCHEMA,
        log,
        introspection: true,
        access: createAccess({ anonymous: true }),
        timeLimit: 10_000,
      });
    const watching = await serve(recording(driver, sent));
    const watchedPort = await watching.listen(0, '127.0.0.1');
    // The first answer of a database that has just started waits for its plans to be made.
    await ask(watchedPort).catch(() => undefined);
    sent.length = 0;
    const answer = await ask(watchedPort);
    await watching.close();
    process.stdout.write(`one document costs ${sent.length} statements and ${answer.length} bytes\n`);

    const api = await serve(driver);
    const apiPort = await api.listen(0, '127.0.0.1');
    const bare = createServer((_request, response) => {
      Promise.all(
        sent.map(async ({ text, params }) => {
          const session = driver.session({ defaultAccessMode: 'READ' });
          try {
            return (await session.run(text, params)).records.map((record) => record.toObject());
          } finally {
            await session.close();
          }
        }),
      ).then(
        (rows) => response.setHeader('content-type', 'application/json').end(JSON.stringify(rows)),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
    await new Promise<void>((resolve) => bare.listen(0, '127.0.0.1', resolve));
    const barePort = (bare.address() as AddressInfo).port;
    await fire(apiPort);
    await fire(barePort);
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const b = await fire(barePort);
      const a = await fire(apiPort);
      ratios.push(a.rate / b.rate);
      process.stdout.write(
        `GraphQL ${a.rate.toFixed(0)}/s p50 ${a.p50} p99 ${a.p99} ms; bare ${b.rate.toFixed(0)}/s p50 ${b.p50} p99 ${b.p99} ms\n`,
      );
    }
    ratios.sort((x, y) => x - y);
    process.stdout.write(
      `GraphQL ÷ bare ${(ratios[1] ?? Number.NaN).toFixed(2)} (target 0.6; ${CONNECTIONS} connections)\n`,
    );
    await api.close();
    await new Promise((resolve) => bare.close(resolve));
  });
}

/** A crawl of 2,000 pages, and one domain with 60 vendors. */
async function load(driver: Driver): Promise<void> {
  const rows = [
    ...Array.from({ length: 20_000 }, (_, n) => rowAt(n, 0)),
    ...Array.from({ length: 60 }, (_, n) => ({ ...rowAt(n, 0), subject: DOMAIN, object: vendorName(n * 7) })),
  ];
  const writer = createWriter({ driver, rankOf: () => 1 });
  for (let from = 0; from < rows.length; from += 5_000) {
    const events = rows
      .slice(from, from + 5_000)
      .map((row) => ({ actions: decode(encode(row)), outcome: 'mapped' as const }));
    await writer.write({ group: 'bench', topic: 'rows', partition: 0, from, next: from + events.length, events });
  }
}

/** The same driver, which writes down what is sent through it. */
function recording(driver: Driver, sent: Sent[]): Driver {
  return new Proxy(driver, {
    get(target, name) {
      if (name !== 'session') {
        return Reflect.get(target, name);
      }
      return (options: object) => {
        const session = target.session(options);
        return new Proxy(session, {
          get(inner, method) {
            if (method === 'run') {
              return (text: string, params: object, config: object) => {
                sent.push({ text, params });
                return inner.run(text, params, config);
              };
            }
            const value: unknown = Reflect.get(inner, method);
            return typeof value === 'function' ? value.bind(inner) : value;
          },
        });
      };
    },
  });
}

const BODY = JSON.stringify({ query: QUERY, variables: { domain: DOMAIN } });

async function ask(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: BODY,
  });
  const text = await response.text();
  const { data } = JSON.parse(text) as { data?: { organization?: { dependencies: { edges: unknown[] } } } };
  if (data?.organization?.dependencies.edges.length !== 50) {
    throw new Error(`Not the answer that was expected: ${text.slice(0, 500)}`);
  }
  return text;
}

async function fire(port: number): Promise<{ rate: number; p50: number; p99: number }> {
  const result = await autocannon({
    url: `http://127.0.0.1:${port}/graphql`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: BODY,
    connections: CONNECTIONS,
    duration: SECONDS,
  });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${result.non2xx} answers other than 2xx, ${result.errors} errors`);
  }
  return { rate: result.requests.average, p50: result.latency.p50, p99: result.latency.p99 };
}

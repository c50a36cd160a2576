import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApi } from '../src/api/server.ts';
import { loadSources } from '../src/governance/sources.ts';
import type { Driver } from '../src/graph/driver.ts';
import { createLogger } from '../src/logger.ts';
import { inProgram } from '../src/program.ts';
import { createNeo4jQueries } from '../src/queries/neo4j.ts';
import { ask, bodyOf, CONNECTIONS, fire, loadPage, median } from './api-page.ts';
import { withDatabase } from './database.ts';
import { forNobody } from './nobody.ts';

/**
 * What GraphQL costs on top of its Cypher: a page of 50 dependencies with their claims, beside a bare `node:http` server
 * that sends the same statements with the same parameters to the same database and writes the rows as JSON.
 */
const SCHEMA = inProgram('graphql/schema');
const SOURCES = inProgram('governance/sources.yaml');
const ROUNDS = 3;
const SECONDS = 10;

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

const BODY = bodyOf(QUERY);

interface Sent {
  readonly text: string;
  readonly params: object;
}

export async function benchApiDatabase(): Promise<void> {
  await withDatabase(async (driver) => {
    await loadPage(driver);
    const sent: Sent[] = [];
    const { sources } = await loadSources(SOURCES);
    const log = createLogger('error', 'bench');
    const serve = (watched: Driver) =>
      createApi({
        ...forNobody(watched),
        queries: createNeo4jQueries({ driver: watched, sources }),
        sources,
        schemaFolder: SCHEMA,
        log,
        introspection: true,
        timeLimit: 10_000,
      });
    const watching = await serve(recording(driver, sent));
    const watchedPort = await watching.listen(0, '127.0.0.1');
    // The first answer of a database that has just started waits for its plans to be made.
    await ask(watchedPort, BODY).catch(() => undefined);
    sent.length = 0;
    const answer = await ask(watchedPort, BODY);
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
    const load = { body: BODY, seconds: SECONDS };
    await fire(apiPort, load);
    await fire(barePort, load);
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const b = await fire(barePort, load);
      const a = await fire(apiPort, load);
      ratios.push(a.rate / b.rate);
      process.stdout.write(
        `GraphQL ${a.rate.toFixed(0)}/s p50 ${a.p50} p99 ${a.p99} ms; bare ${b.rate.toFixed(0)}/s p50 ${b.p50} p99 ${b.p99} ms\n`,
      );
    }
    process.stdout.write(`GraphQL ÷ bare ${median(ratios).toFixed(2)} (target 0.6; ${CONNECTIONS} connections)\n`);
    await api.close();
    await new Promise((resolve) => bare.close(resolve));
  });
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

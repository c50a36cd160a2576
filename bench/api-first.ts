import { createServer } from 'node:http';
import { ApolloServer, HeaderMap } from '@apollo/server';
import { type ApiContext, createContext } from '../src/api/context.ts';
import { createErrorFormatter } from '../src/api/errors.ts';
import { readJson, send } from '../src/api/http.ts';
import { createLimiter } from '../src/api/limiter.ts';
import { LIMITS } from '../src/api/limits.ts';
import { closeServer, listen } from '../src/api/listen.ts';
import { createRateLimit } from '../src/api/rate-limit.ts';
import { loadSchema } from '../src/api/schema.ts';
import type { ApiDeps } from '../src/api/server.ts';
import { patient } from './nobody.ts';

/** Apollo as the API was first built on it: graphql-js, and Apollo's own plugins as they are by default. */
export async function firstApi(deps: ApiDeps) {
  const schema = await loadSchema(deps.schemaFolder);
  const apollo = new ApolloServer<ApiContext>({
    schema,
    formatError: createErrorFormatter(deps.log, () => undefined),
    parseOptions: { maxTokens: LIMITS.tokens },
    stopOnTerminationSignals: false,
    plugins: [createLimiter(schema, createRateLimit(undefined))],
  });
  await apollo.start();
  const server = createServer(async (request, response) => {
    const body = await readJson(request);
    const headers = new HeaderMap();
    for (const [name, value] of Object.entries(request.headers)) headers.set(name, String(value));
    const answer = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: 'POST', headers, search: '', body: 'json' in body ? body.json : undefined },
      context: async () => createContext(deps, patient()),
    });
    const text = answer.body.kind === 'complete' ? answer.body.string : '';
    send(response, answer.status ?? 200, 'application/json; charset=utf-8', text);
  });
  return {
    name: 'Apollo as first built',
    port: await listen(server, 0, '127.0.0.1'),
    async close(): Promise<void> {
      await closeServer(server);
      await apollo.stop();
    },
  };
}

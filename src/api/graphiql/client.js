// What runs in the browser at /graphiql: GraphiQL with its editor's workers, all from this server.
import './style.css';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import 'graphiql/style.css';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';

const WORKERS = { graphql: 'graphql-worker.js', json: 'json-worker.js' };

globalThis.MonacoEnvironment = {
  getWorker: (_id, label) =>
    new Worker(new URL(WORKERS[label] ?? 'editor-worker.js', import.meta.url), { type: 'module' }),
};

const example = `# Whom does this domain's owner depend on?
query Vendors($domain: String!) {
  organization(domain: $domain) {
    name
    dependencies(first: 20) {
      totalCount
      edges {
        node { name }
        critical
        confidence
        services { service critical }
        claims(first: 3) {
          nodes {
            source { name }
            evidence(first: 1) {
              nodes { host observedAt }
            }
          }
        }
      }
    }
  }
}
`;

createRoot(document.getElementById('graphiql')).render(
  createElement(GraphiQL, {
    fetcher: createGraphiQLFetcher({ url: '/graphql' }),
    schemaDescription: true,
    // Where a token is needed: {"authorization": "Bearer …"}. It is forgotten with the page.
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
    defaultQuery: example,
    initialVariables: JSON.stringify({ domain: 'tesla.com' }, null, 2),
  }),
);

import autocannon from 'autocannon';
import type { Driver } from '../src/graph/driver.ts';
import { createWriter } from '../src/graph/writer.ts';
import { decode, encode, rowAt, vendorName } from './rows.ts';

/** The page of dependencies that the benchmarks of the API ask for, and how it is asked for. */
const DOMAIN = 'busy.example';
export const CONNECTIONS = 16;

/** A document that asks for `$domain`, as it is posted. */
export const bodyOf = (query: string): string => JSON.stringify({ query, variables: { domain: DOMAIN } });

/** A crawl of 2,000 pages, and one domain with 60 vendors. */
export async function loadPage(driver: Driver): Promise<void> {
  const rows = [
    ...Array.from({ length: 20_000 }, (_, n) => rowAt(n, 0)),
    ...Array.from({ length: 60 }, (_, n) => ({ ...rowAt(n, 0), subject: DOMAIN, object: vendorName(n * 7) })),
  ];
  const writer = createWriter({ driver, rankOf: () => 1 });
  for (let from = 0; from < rows.length; from += 5_000) {
    const values = encode(rows.slice(from, from + 5_000));
    const events = values.map((value) => ({ actions: decode(value), outcome: 'mapped' as const }));
    await writer.write({ group: 'bench', topic: 'rows', partition: 0, from, next: from + events.length, events });
  }
}

/**
 * One answer, which must have its 50 edges.
 * @returns its body
 */
export async function ask(port: number, body: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const text = await response.text();
  const { data } = JSON.parse(text) as { data?: { organization?: { dependencies: { edges: unknown[] } } } };
  if (data?.organization?.dependencies.edges.length !== 50) {
    throw new Error(`Not the answer that was expected: ${text.slice(0, 500)}`);
  }
  return text;
}

export interface Load {
  readonly body: string;
  readonly seconds: number;
  /** Sent with each request; then every answer has to be a 304. */
  readonly ifNoneMatch?: string | undefined;
}

/** Requests a second and latency in ms, from a thread of its own. */
export async function fire(port: number, load: Load): Promise<{ rate: number; p50: number; p99: number }> {
  const { body, seconds, ifNoneMatch } = load;
  const result = await autocannon({
    url: `http://127.0.0.1:${port}/graphql`,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(ifNoneMatch && { 'if-none-match': ifNoneMatch }) },
    body,
    connections: CONNECTIONS,
    duration: seconds,
    workers: 1,
  });
  const wrong = ifNoneMatch === undefined ? result.non2xx : result['2xx'] + result['4xx'] + result['5xx'];
  if (wrong > 0 || result.errors > 0) {
    throw new Error(`${wrong} answers of another status, ${result.errors} errors`);
  }
  return { rate: result.requests.average, p50: result.latency.p50, p99: result.latency.p99 };
}

export function median(values: readonly number[]): number {
  return [...values].sort((x, y) => x - y)[values.length >> 1] ?? Number.NaN;
}

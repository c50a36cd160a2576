import { type Driver, integer } from '../graph/driver.ts';
import { portfolioKey } from '../graph/portfolio-state.ts';
import { lastOf, type NewsKind, type NewsRow, newsAfter, newsState } from '../graph/statements/news.ts';
import type { Service } from '../identity/service.ts';
import type { PortfolioName } from './portfolio.ts';
import { createReader } from './reader.ts';
import { toReference } from './reference.ts';
import type { ClaimKey } from './types.ts';

/** A claim of what a portfolio follows, or a dismissal, is another than before. */
export interface PortfolioNews {
  /** Counts the news of a portfolio, from 1. */
  readonly sequence: number;
  /** When it was noted, ms since 1970, UTC. */
  readonly at: number;
  readonly kind: NewsKind;
  /** Of a dismissal, what it would be as a claim of its source. */
  readonly claim: ClaimKey;
}

/** Numbers of the last alert and the last news of a portfolio; 0 where there is none. */
export interface Last {
  readonly alerts: number;
  readonly news: number;
}

export interface NewsState {
  /** Which database the numbers are of. */
  readonly graph: string;
  /** Of the first news that is kept. */
  readonly first: number;
  readonly last: number;
}

/** @throws (each question) AppError QUERY_TIMEOUT, DATABASE_UNAVAILABLE */
export interface FeedQueries {
  /** Of each, in the order asked; undefined where there is no such portfolio. */
  last(names: readonly PortfolioName[]): Promise<(Last | undefined)[]>;
  /** Undefined where there is no such portfolio. */
  newsState(name: PortfolioName): Promise<NewsState | undefined>;
  /** Those after that one, in their order; at most `limit`. */
  newsAfter(name: PortfolioName, sequence: number, limit: number): Promise<PortfolioNews[]>;
}

/** What a feed asks again and again has to be answered soon, or is asked again. */
const TIMEOUT_MS = 10_000;

/** @example createFeedQueries({ driver }).newsAfter({ tenant: 'acme', id }, 0, 100) */
export function createFeedQueries({ driver }: { readonly driver: Driver }): FeedQueries {
  const reader = createReader({ driver, timeout: TIMEOUT_MS });
  const keyOf = ({ tenant, id }: PortfolioName) => portfolioKey(tenant, id);
  return {
    async last(names) {
      const keys = names.map(keyOf);
      const rows = await reader.read(lastOf, { keys: [...new Set(keys)] });
      const found = new Map(rows.map(({ key, alerts, news }) => [key, { alerts, news }]));
      return keys.map((key) => found.get(key));
    },
    async newsState(name) {
      const [row] = await reader.read(newsState, { portfolio: keyOf(name) });
      return row && { graph: row.graph, first: row.first ?? row.last + 1, last: row.last };
    },
    async newsAfter(name, sequence, limit) {
      const params = { portfolio: keyOf(name), after: integer(sequence), limit: integer(limit) };
      return (await reader.read(newsAfter, params)).map(toNews);
    },
  };
}

function toNews({ sequence, at, kind, source, service, subject, object }: NewsRow): PortfolioNews {
  const ends = { subject: toReference(subject), object: toReference(object) };
  return { sequence, at, kind, claim: { source, service: service as Service, ...ends } };
}

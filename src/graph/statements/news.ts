import { statement } from '../statement.ts';
import type { Int } from './deduction.ts';

/** Locks the portfolios, and tells the number of the last news of each. */
export const holdNewsSequences = statement<{ keys: readonly string[] }, { key: string; sequence: number }>(
  'news.holdSequences',
  `UNWIND $keys AS key MATCH (p:Portfolio {key: key}) REMOVE p.lock
   RETURN key, coalesce(p.newsSequence, 0) AS sequence`,
);

export const knownNews = statement<{ ids: readonly string[] }, { id: string }>(
  'news.known',
  'UNWIND $ids AS id MATCH (n:PortfolioNews {id: id}) RETURN id',
);

/** The source claims the use, or no longer; it is dismissed, or that is taken back. */
export type NewsKind = 'CLAIMED' | 'DISMISSED' | 'RESTORED';

export interface NewsValues {
  /** Of the portfolio and of the change, so that a change that is sent again is known. */
  readonly id: string;
  /** The portfolio's key. */
  readonly portfolio: string;
  readonly sequence: Int;
  /** When it was noted, ms since 1970, UTC. */
  readonly at: Int;
  readonly kind: NewsKind;
  readonly source: string;
  readonly service: string;
  /** Each `domain:<name>`, or an organization's key. */
  readonly subject: string;
  readonly object: string;
}

export const writeNews = statement<{ rows: readonly NewsValues[] }, Record<string, never>>(
  'news.write',
  `UNWIND $rows AS row
   CREATE (n:PortfolioNews) SET n = row
   WITH row.portfolio AS portfolio, max(row.sequence) AS last
   MATCH (p:Portfolio {key: portfolio}) SET p.newsSequence = last`,
);

/** Lets go of what is older than the newest `keep` of each. */
export const pruneNews = statement<{ keys: readonly string[]; keep: Int }, Record<string, never>>(
  'news.prune',
  `UNWIND $keys AS key MATCH (p:Portfolio {key: key})
   MATCH (n:PortfolioNews {portfolio: key}) WHERE n.sequence <= p.newsSequence - $keep DELETE n`,
);

export type NewsRow = Omit<NewsValues, 'sequence' | 'at' | 'portfolio' | 'id'> & {
  readonly sequence: number;
  readonly at: number;
};

/** In the order in which they were noted. Before there were other kinds, none was written. */
export const newsAfter = statement<{ portfolio: string; after: Int; limit: Int }, NewsRow>(
  'news.after',
  `MATCH (n:PortfolioNews {portfolio: $portfolio}) WHERE n.sequence > $after
   RETURN n.sequence AS sequence, n.at AS at, coalesce(n.kind, 'CLAIMED') AS kind, n.source AS source,
     n.service AS service, n.subject AS subject, n.object AS object
   ORDER BY sequence LIMIT $limit`,
);

/** Which database this is, and the numbers of the first news that is kept and of the last. */
export const newsState = statement<{ portfolio: string }, { graph: string; first: number | null; last: number }>(
  'news.state',
  `MATCH (p:Portfolio {key: $portfolio})
   RETURN head(COLLECT { MATCH (g:GraphDigest {name: 'graph'}) RETURN g.id }) AS graph, coalesce(p.newsSequence, 0) AS last, head(COLLECT {
     MATCH (n:PortfolioNews {portfolio: $portfolio}) WHERE n.sequence > 0
     RETURN n.sequence AS sequence ORDER BY sequence LIMIT 1 }) AS first`,
);

/** Numbers of the last alert and the last news of each portfolio. */
export const lastOf = statement<{ keys: readonly string[] }, { key: string; alerts: number; news: number }>(
  'news.lastOf',
  `UNWIND $keys AS key MATCH (p:Portfolio {key: key})
   RETURN key, coalesce(p.alertSequence, 0) AS alerts, coalesce(p.newsSequence, 0) AS news`,
);

import { createHash } from 'node:crypto';
import { integer, type ManagedTransaction } from './driver.ts';
import { run } from './statement.ts';
import {
  holdNewsSequences,
  knownNews,
  type NewsKind,
  type NewsValues,
  pruneNews,
  writeNews,
} from './statements/news.ts';

/** Something that a portfolio follows is claimed to use something, or no longer, or that is dismissed. */
export interface News {
  /** The portfolio's key. */
  readonly portfolio: string;
  /** What is the same for a change that is sent again, and for no other. */
  readonly change: string;
  readonly kind: NewsKind;
  readonly source: string;
  readonly service: string;
  /** Each `domain:<name>`, or an organization's key. */
  readonly subject: string;
  readonly object: string;
}

/** As many are kept of each portfolio, at least. */
export const NEWS_KEPT = 20_000;

/** Numbers what is new of these, in their order, and keeps it: each once, whatever is sent again. */
export async function keepNews(tx: ManagedTransaction, news: readonly News[], at: number): Promise<void> {
  if (news.length === 0) return;
  const keys = [...new Set(news.map(({ portfolio }) => portfolio))].sort();
  const last = new Map((await run(tx, holdNewsSequences, { keys })).map(({ key, sequence }) => [key, sequence]));
  const known = new Set((await run(tx, knownNews, { ids: news.map(idOf) })).map(({ id }) => id));
  const rows: NewsValues[] = [];
  for (const one of news) {
    const id = idOf(one);
    const before = last.get(one.portfolio);
    if (before === undefined || known.has(id)) continue;
    known.add(id);
    last.set(one.portfolio, before + 1);
    const { change: _, ...said } = one;
    rows.push({ id, sequence: integer(before + 1), at: integer(at), ...said });
  }
  if (rows.length === 0) return;
  await run(tx, writeNews, { rows });
  await run(tx, pruneNews, { keys, keep: integer(NEWS_KEPT) });
}

function idOf({ portfolio, change }: News): string {
  return createHash('sha256')
    .update(JSON.stringify([portfolio, change]))
    .digest('base64url');
}

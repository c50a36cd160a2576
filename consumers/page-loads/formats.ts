import { isRecord, itemsOf, recordOf, textOf } from '../fields.ts';
import type { Format } from '../format.ts';
import type { Fault } from '../refusal.ts';

/** HAR 1.1 and 1.2 (http://www.softwareishard.com/blog/har-12-spec/): one file is one document. */
export const pageLoadFormats: readonly Format[] = [
  { id: 'har', framing: 'whole', recognise: (firstLine) => firstLine.trimStart().startsWith('{') },
];

/** What AVD reads of a request. Cookies, headers, bodies and timings are never looked at. */
export interface HarEntry {
  /** Position in `log.entries`. */
  readonly index: number;
  readonly url: string | undefined;
  readonly startedDateTime: unknown;
  /** HTTP status; 0 where none is given. */
  readonly status: number;
  /** In lower case, without parameters; empty where none is given. */
  readonly mimeType: string;
}

/** One page of a HAR, with the entries that name it. */
export interface HarPage {
  /** `pages[0]`; `log` for the entries that belong to no page. */
  readonly record: string;
  readonly title: string | undefined;
  readonly startedDateTime: unknown;
  readonly entries: readonly HarEntry[];
}

export type ReadHar = { readonly pages: readonly HarPage[] } | { readonly refusal: Fault };

/**
 * Reads a HAR's pages. Entries are grouped by `pageref`; those that name no page belong to the only page where there is
 * one, else they are a page of their own, as are all entries of a file without `log.pages`, which is optional.
 */
export function readHar(value: unknown): ReadHar {
  const log = isRecord(value) ? value.log : undefined;
  if (!isRecord(log)) return { refusal: { code: 'FIELD_MISSING', reason: 'log is missing.' } };
  if (!isKnownVersion(log.version)) {
    return { refusal: { code: 'UNKNOWN_FORMAT', reason: 'log.version is neither 1.1 nor 1.2.' } };
  }
  if (!Array.isArray(log.entries)) return { refusal: { code: 'FIELD_MISSING', reason: 'log.entries is missing.' } };

  const pages = new Map<string | undefined, HarPage & { entries: HarEntry[] }>();
  for (const [index, item] of itemsOf(log.pages).entries()) {
    const { id, title, startedDateTime } = recordOf(item);
    const key = textOf(id) ?? `\0${index}`;
    if (!pages.has(key)) {
      pages.set(key, { record: `pages[${index}]`, title: textOf(title), startedDateTime, entries: [] });
    }
  }
  const only = pages.size === 1 ? [...pages.values()][0] : undefined;
  for (const [index, item] of log.entries.entries()) {
    const pageref = textOf(recordOf(item).pageref);
    let page = pages.get(pageref) ?? (pageref === undefined ? only : undefined);
    if (page === undefined) {
      page = { record: 'log', title: undefined, startedDateTime: undefined, entries: [] };
      pages.set(pageref, page);
    }
    page.entries.push(readEntry(item, index));
  }
  return { pages: [...pages.values()] };
}

/** The field may be missing or empty, which stands for 1.1 by the specification. */
function isKnownVersion(version: unknown): boolean {
  return version === undefined || version === '' || (typeof version === 'string' && version.startsWith('1.'));
}

function readEntry(item: unknown, index: number): HarEntry {
  const entry = recordOf(item);
  const { status, content } = recordOf(entry.response);
  const mimeType = textOf(recordOf(content).mimeType) ?? '';
  return {
    index,
    url: textOf(recordOf(entry.request).url),
    startedDateTime: entry.startedDateTime,
    status: typeof status === 'number' ? status : 0,
    mimeType: (mimeType.split(';', 1)[0] ?? '').trim().toLowerCase(),
  };
}

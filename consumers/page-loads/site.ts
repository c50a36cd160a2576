import { type Address, readAddress } from './address.ts';
import type { HarEntry, HarPage } from './formats.ts';

/** An entry and when it began (ms; infinite where it doesn't say), in which order entries are taken. */
export interface TimedEntry {
  readonly entry: HarEntry;
  readonly time: number;
}

/** How WebPageTest and browsertime title a page: the address that was asked for, with the number of the run. */
const ADDRESS_IN_TITLE = /^(?:Run \d{1,6}, \w{1,20} View for )?(https?:\/\/\S+)(?: run \d{1,6})?$/i;

/**
 * Whose page this is: the host of its first successful document, in order of time; a redirect ends where its document
 * is. Where no document came (a blocked load, a repeat view from the cache): the address in the title; else the first
 * answer that is no redirect; else the first request. A script or an image that came in its stead is no document: by
 * it, the page would be taken for the vendor's.
 */
export function findSite(page: HarPage, entries: readonly TimedEntry[]): Address | undefined {
  const document = earliest(entries, isSuccessfulDocument);
  if (document !== undefined) return readAddress(document.url);
  const titled = ADDRESS_IN_TITLE.exec(page.title ?? '')?.[1];
  if (titled !== undefined) return readAddress(titled);
  const first = earliest(entries, isNoRedirect) ?? earliest(entries, () => true);
  return first && readAddress(first.url);
}

function isSuccessfulDocument({ status, mimeType }: HarEntry): boolean {
  return status >= 200 && status < 300 && (mimeType === 'text/html' || mimeType === 'application/xhtml+xml');
}

function isNoRedirect({ status }: HarEntry): boolean {
  return status < 300 || status >= 400;
}

function earliest(entries: readonly TimedEntry[], accept: (entry: HarEntry) => boolean): HarEntry | undefined {
  let found: TimedEntry | undefined;
  for (const candidate of entries) {
    if (accept(candidate.entry) && (found === undefined || candidate.time < found.time)) found = candidate;
  }
  return found?.entry;
}

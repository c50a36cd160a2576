import type { Service } from '../../src/identity/service.ts';
import {
  PageObservedSchema,
  VendorContactedSchema,
} from '../../src/stream/generated/avd/page_loads/v1/page_loads_pb.ts';
import { TYPED_TOPICS } from '../../src/stream/topics.ts';
import { checkTime, createEvent, type FanOut, type Knowledge, type RawDocument, type TypedEvent } from '../document.ts';
import { parseJson } from '../json.ts';
import { toEvidence, toService } from '../messages.ts';
import { platformEvents, type SeenDomain } from '../platform.ts';
import { type Fault, type Refusal, refuseAt } from '../refusal.ts';
import { parseTime } from '../time.ts';
import { readAddress } from './address.ts';
import { type HarEntry, type HarPage, readHar } from './formats.ts';
import { findSite, type TimedEntry } from './site.ts';

/** Where no rule knows a host: that it was called is certain, what for is not. */
const UNKNOWN_CONFIDENCE = 0.8;
/** A claim keeps five pieces of evidence, so a page tells no more hosts than that of a domain and service. */
const HOSTS_TOLD = 5;

/**
 * Fans a HAR out: for each page, that it was seen, and each third party that it called. A request counts whatever its
 * answer: the page depends on what it tries to reach. What a page calls of its own domain, and addresses without a
 * domain, are filtered. An event's time is the page's, else that of its first request, else the document's.
 */
export function fanOutPageLoads(document: RawDocument, knowledge: Knowledge): FanOut {
  const parsed = parseJson(document.bytes);
  const har = 'refusal' in parsed ? parsed : readHar(parsed.value);
  if ('refusal' in har) return { events: [], refused: [refuseAt(document.place, har.refusal)], filtered: 0 };
  const pages = har.pages.map((page) => fanOutPage(page, document, knowledge));
  return {
    events: pages.flatMap((page) => page.events),
    refused: pages.flatMap((page) => page.refused),
    filtered: pages.reduce((sum, page) => sum + page.filtered, 0),
  };
}

function fanOutPage(page: HarPage, document: RawDocument, knowledge: Knowledge): FanOut {
  const entries = page.entries.map((entry) => ({ entry, time: entryTime(entry) }));
  const refusedPage = (fault: Fault): FanOut => ({
    events: [],
    refused: [refuseAt(`${document.place} ${page.record}`, fault)],
    filtered: 0,
  });
  const when = pageTime(page, entries, document);
  if ('refusal' in when) return refusedPage(when.refusal);
  const site = findSite(page, entries);
  if (site === undefined) {
    return refusedPage({
      code: 'FIELD_MISSING',
      reason: 'The page names no site: no entry, and no address as its title.',
    });
  }
  if (site.kind === 'refused') return refusedPage(site.fault);
  if (site.kind === 'no-domain') {
    return refusedPage({ code: 'NO_REGISTRABLE_DOMAIN', reason: "The page's site has no registrable domain." });
  }
  const { time } = when;
  const seen: SeenDomain = { domain: site.domain, record: page.record, host: site.host };
  const calls = readCalls(page, site.domain, document.place);
  const contacts = strongestContacts(calls.hosts, knowledge);
  return {
    events: [
      pageObserved(seen, document, time),
      ...contacts.map((contact) => vendorContacted(site.domain, contact, document, time)),
      ...platformEvents([seen, ...contacts], document, time),
    ],
    refused: calls.refused,
    filtered: calls.filtered,
  };
}

function entryTime(entry: HarEntry): number {
  const parsed = parseTime(entry.startedDateTime, 'startedDateTime');
  return 'time' in parsed ? parsed.time : Number.POSITIVE_INFINITY;
}

function pageTime(page: HarPage, entries: readonly TimedEntry[], document: RawDocument) {
  const stated = page.startedDateTime === undefined ? undefined : parseTime(page.startedDateTime, 'startedDateTime');
  if (stated !== undefined && 'refusal' in stated) return stated;
  const first = entries.reduce((least, { time }) => Math.min(least, time), Number.POSITIVE_INFINITY);
  const time = stated?.time ?? (Number.isFinite(first) ? first : document.observedAt);
  if (time === undefined) {
    const refusal: Fault = {
      code: 'TIME_MISSING',
      reason: 'Neither the page, its entries nor --observed-at say when.',
    };
    return { refusal };
  }
  const refusal = checkTime(time, document);
  return refusal === undefined ? { time } : { refusal };
}

interface Calls {
  /** Each third-party host once, by its first entry. */
  readonly hosts: readonly SeenDomain[];
  readonly refused: Refusal[];
  readonly filtered: number;
}

function readCalls(page: HarPage, site: string, place: string): Calls {
  const hosts = new Map<string, SeenDomain>();
  const refused: Refusal[] = [];
  let filtered = 0;
  for (const entry of page.entries) {
    const record = `entries[${entry.index}]`;
    const address = readAddress(entry.url);
    if (address.kind === 'refused') refused.push(refuseAt(`${place} ${record}`, address.fault));
    else if (address.kind === 'no-domain' || address.domain === site) filtered++;
    else if (!hosts.has(address.host)) hosts.set(address.host, { domain: address.domain, record, host: address.host });
  }
  return { hosts: [...hosts.values()], refused, filtered };
}

interface Contact extends SeenDomain {
  readonly service: Service;
  readonly confidence: number;
  readonly rule: string;
}

/** What each host is for, and of each domain and service the hosts that the rules are surest of. */
function strongestContacts(hosts: readonly SeenDomain[], { detector }: Knowledge): Contact[] {
  const groups = new Map<string, Contact[]>();
  for (const seen of hosts) {
    const known = detector.host(seen.host);
    const { service, confidence, rule } = known ?? {
      service: 'OTHER' as const,
      confidence: UNKNOWN_CONFIDENCE,
      rule: '',
    };
    const key = `${service} ${seen.domain}`;
    const group = groups.get(key);
    const contact = { ...seen, service, confidence, rule };
    if (group === undefined) groups.set(key, [contact]);
    else group.push(contact);
  }
  // Sorting is stable, so among equals the first entries are told.
  return [...groups.values()].flatMap((group) =>
    group.length <= HOSTS_TOLD ? group : group.sort((a, b) => b.confidence - a.confidence).slice(0, HOSTS_TOLD),
  );
}

function evidenceOf({ record, host }: SeenDomain, document: RawDocument, time: number) {
  return toEvidence({ document: document.document, record, host, observedAt: time });
}

function pageObserved(seen: SeenDomain, document: RawDocument, time: number): TypedEvent {
  const message = { domain: seen.domain, evidence: evidenceOf(seen, document, time) };
  const topic = TYPED_TOPICS.pageObserved;
  return createEvent({ topic, key: seen.domain, schema: PageObservedSchema, message, source: document.source, time });
}

function vendorContacted(site: string, contact: Contact, document: RawDocument, time: number): TypedEvent {
  const message = {
    subject: site,
    object: contact.domain,
    service: toService(contact.service),
    confidence: contact.confidence,
    rule: contact.rule,
    evidence: evidenceOf(contact, document, time),
  };
  const topic = TYPED_TOPICS.vendorContacted;
  return createEvent({ topic, key: site, schema: VendorContactedSchema, message, source: document.source, time });
}

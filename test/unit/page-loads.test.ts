import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parse } from 'tldts';
import { describe, expect, it } from 'vitest';
import type { FanOut } from '../../consumers/document.ts';
import { fanOutPageLoads } from '../../consumers/page-loads/fan-out.ts';
import { mapPageObserved, mapVendorContacted } from '../../consumers/page-loads/map.ts';
import { Service } from '../../src/stream/generated/avd/common/v1/common_pb.ts';
import {
  PageObservedSchema,
  VendorContactedSchema,
} from '../../src/stream/generated/avd/page_loads/v1/page_loads_pb.ts';
import { eventsOf, knowledgeOf, rawDocument, readFixture } from '../support/raw-document.ts';

const knowledge = knowledgeOf();
const fanOut = (content: string | Uint8Array, fields = {}) => fanOutPageLoads(rawDocument(content, fields), knowledge);
const bad = (file: string) => fanOut(readFixture(`bad/${file}`), { place: file });

const pages = (out: FanOut) => eventsOf(PageObservedSchema, out).map(({ domain }) => domain);
const uses = (out: FanOut) =>
  eventsOf(VendorContactedSchema, out).map((m) => `${m.subject} ${Service[m.service]} ${m.object}`);

interface EntryFields {
  pageref?: string;
  status?: number;
  mimeType?: string;
  startedDateTime?: string;
}

const entry = (url: string, fields: EntryFields = {}) => ({
  startedDateTime: fields.startedDateTime ?? '2026-10-01T12:00:01Z',
  ...(fields.pageref !== undefined && { pageref: fields.pageref }),
  request: { url },
  response: { status: fields.status ?? 200, content: { mimeType: fields.mimeType ?? 'image/png' } },
});
const html = (url: string, fields: EntryFields = {}) => entry(url, { mimeType: 'text/html; charset=utf-8', ...fields });
const har = (entries: unknown[], log = {}) => JSON.stringify({ log: { version: '1.2', entries, ...log } });

describe('a HAR that is wrong or odd', () => {
  it('takes the first entry for the page where log.pages is missing', () => {
    const out = bad('har-no-pages.har');
    expect(pages(out)).toEqual(['shop.example']);
    expect(uses(out)).toEqual(['shop.example OTHER vendor.example']);
    expect(out.refused).toEqual([]);
  });

  it('refuses an entry without a URL by name and keeps its neighbours', () => {
    const out = bad('har-entry-without-url.har');
    expect(uses(out)).toEqual(['shop.example OTHER vendor.example']);
    expect(out.refused).toEqual([
      { code: 'FIELD_MISSING', place: 'har-entry-without-url.har entries[1]', reason: 'request.url is missing.' },
    ]);
  });

  it('filters and counts data:, blob:, about: and extension URLs, and the own domain', () => {
    const out = bad('har-data-blob-urls.har');
    expect(uses(out)).toEqual(['shop.example OTHER vendor.example']);
    expect(out.filtered).toBe(4 + 1);
    expect(out.refused).toEqual([]);
  });

  it('counts a page without entries as seen', () => {
    const out = bad('har-zero-entries.har');
    expect(pages(out)).toEqual(['shop.example']);
    expect(uses(out)).toEqual([]);
  });

  it('lets no user, password or key of a URL out', () => {
    const out = bad('har-url-credentials.har');
    expect(uses(out)).toEqual(['shop.example OTHER vendor.example']);
    const told = Buffer.concat(out.events.map(({ value }) => value)).toString('latin1') + JSON.stringify(out.refused);
    expect(told).not.toMatch(/FAKE|user|api_key/);
  });

  it('filters and counts hosts without a registrable domain', () => {
    const out = bad('har-ip-and-localhost.har');
    expect(uses(out)).toEqual(['shop.example OTHER vendor.example']);
    expect(out.filtered).toBe(4 + 1);
  });

  it('refuses a file without a log', () => {
    const out = bad('har-no-log.har');
    expect(out).toEqual({
      events: [],
      refused: [{ code: 'FIELD_MISSING', place: 'har-no-log.har', reason: 'log is missing.' }],
      filtered: 0,
    });
  });

  it('refuses 100,000 levels of nesting without overflowing', () => {
    expect(bad('json-deep-nesting.json').refused).toMatchObject([{ code: 'NESTED_TOO_DEEPLY' }]);
  });

  it('refuses a version other than 1.x', () => {
    expect(fanOut(har([], { version: '2.0' })).refused).toMatchObject([{ code: 'UNKNOWN_FORMAT' }]);
  });
});

describe("a page's site", () => {
  it('is where a redirect ends', () => {
    const moved = html('http://old.example/', { status: 301, startedDateTime: '2026-10-01T12:00:00Z' });
    const out = fanOut(har([moved, html('https://new.example/')]));
    expect(pages(out)).toEqual(['new.example']);
    expect(uses(out)).toEqual(['new.example OTHER old.example']);
  });

  it('is that of the first document in time, not in the file', () => {
    const frame = html('https://frame.example/', { startedDateTime: '2026-10-01T12:00:02Z' });
    const ocsp = entry('http://ocsp.example/', { startedDateTime: '2026-10-01T11:59:59Z' });
    expect(pages(fanOut(har([frame, html('https://shop.example/'), ocsp])))).toEqual(['shop.example']);
  });

  it.each(['https://shop.example/', 'https://shop.example/ run 2', 'Run 1, Repeat View for http://shop.example'])(
    'is taken from the title %s where no document came',
    (title) => {
      const blocked = [html('https://shop.example/', { status: 403 }), entry('https://cdn.vendor.example/captcha.js')];
      const out = fanOut(har(blocked, { pages: [{ id: 'p', title, startedDateTime: '2026-10-01T12:00:00Z' }] }));
      expect(uses(out)).toEqual(['shop.example OTHER vendor.example']);
    },
  );

  it('is that of the first answer that is no redirect where neither document nor title tells', () => {
    const out = fanOut(har([html('http://a.example/', { status: 302 }), html('http://b.example/', { status: 503 })]));
    expect(pages(out)).toEqual(['b.example']);
  });

  it('is refused where it has no registrable domain', () => {
    const out = fanOut(har([html('http://127.0.0.1:8000/'), entry('https://cdn.vendor.example/')]));
    expect(out.events).toEqual([]);
    expect(out.refused).toMatchObject([{ code: 'NO_REGISTRABLE_DOMAIN', place: 'file log' }]);
  });
});

describe('what a page calls', () => {
  it('counts although the answer failed', () => {
    const out = fanOut(har([html('https://shop.example/'), entry('wss://push.vendor.example/', { status: 0 })]));
    expect(uses(out)).toEqual(['shop.example OTHER vendor.example']);
  });

  it('is for what the rules say, and the object stays the domain that was called', () => {
    const rule = { rule: 'r1', vendor: 'owner.example', service: 'ANALYTICS' as const, confidence: 0.9 };
    const document = rawDocument(har([html('https://shop.example/'), entry('https://t.vendor.example/p.gif')]));
    const out = fanOutPageLoads(document, knowledgeOf({ 't.vendor.example': rule }));
    expect(eventsOf(VendorContactedSchema, out)).toMatchObject([
      {
        object: 'vendor.example',
        service: Service.ANALYTICS,
        confidence: 0.9,
        rule: 'r1',
        evidence: { document: document.document, record: 'entries[1]', host: 't.vendor.example' },
      },
    ]);
  });

  it('says of each domain under a private suffix that its platform hosts it', () => {
    const calls = [entry('https://d1.cloudfront.net/a.js'), entry('https://d1.cloudfront.net/b.js')];
    const out = fanOut(har([html('https://somebody.github.io/'), ...calls]));
    expect(uses(out)).toEqual([
      'somebody.github.io OTHER d1.cloudfront.net',
      'somebody.github.io HOSTING github.io',
      'd1.cloudfront.net HOSTING cloudfront.net',
    ]);
  });

  it('tells at most five hosts of a domain and service, however many were called', () => {
    const calls = Array.from({ length: 50 }, (_, i) => entry(`https://h${i}.vendor.example/`));
    const hosts = eventsOf(VendorContactedSchema, fanOut(har([html('https://shop.example/'), ...calls])));
    expect(hosts.map((m) => m.evidence?.host)).toEqual([0, 1, 2, 3, 4].map((i) => `h${i}.vendor.example`));
  });

  it('belongs to the page that the entry names', () => {
    const pageList = ['a', 'b'].map((id) => ({ id, startedDateTime: '2026-10-01T12:00:00Z' }));
    const entries = ['a', 'b'].flatMap((pageref) => [
      html(`https://${pageref}.example/`, { pageref }),
      entry(`https://vendor-of-${pageref}.example/`, { pageref }),
    ]);
    expect(uses(fanOut(har(entries, { pages: pageList })))).toEqual([
      'a.example OTHER vendor-of-a.example',
      'b.example OTHER vendor-of-b.example',
    ]);
  });
});

describe('the time of a page load', () => {
  const timeOf = (out: FanOut) => out.events[0]?.time;

  it("is the page's, else its first entry's, else that of the delivery", () => {
    const page = { id: 'p', startedDateTime: '2026-10-01T14:00:00+02:00' };
    expect(timeOf(fanOut(har([html('https://a.example/')], { pages: [page] })))).toBe(Date.UTC(2026, 9, 1, 12));
    expect(timeOf(fanOut(har([html('https://a.example/')])))).toBe(Date.UTC(2026, 9, 1, 12, 0, 1));
    const timeless = har([{ request: { url: 'https://a.example/' } }]);
    expect(timeOf(fanOut(timeless, { observedAt: 1_700_000_000_000 }))).toBe(1_700_000_000_000);
    expect(fanOut(timeless).refused).toMatchObject([{ code: 'TIME_MISSING' }]);
  });

  it('is refused where it lies in the future or is no day', () => {
    const at = (startedDateTime: string) =>
      fanOut(har([], { pages: [{ title: 'https://a.example/', startedDateTime }] }));
    expect(at('2027-10-01T12:00:00Z').refused).toMatchObject([{ code: 'TIME_IN_FUTURE', place: 'file pages[0]' }]);
    expect(at('2026-02-30T12:00:00Z').refused).toMatchObject([{ code: 'TIME_INVALID' }]);
  });
});

describe('recorded page loads', () => {
  const folder = new URL('../fixtures/har/', import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith('.har.gz'));

  it.each(files)('%s uses exactly the third-party domains of its requests', (file) => {
    const bytes = gunzipSync(readFileSync(new URL(file, folder)));
    expect(new Set(uses(fanOut(bytes)).map((use) => use.replace(/ \w+ /, ' ')))).toEqual(usesByHand(bytes));
  });

  /** The same by a few lines of their own. */
  function usesByHand(bytes: Uint8Array): Set<string> {
    const options = { allowPrivateDomains: true };
    const { log } = JSON.parse(Buffer.from(bytes).toString('utf8'));
    const found = new Set<string>();
    const add = (subject: string, object: string | null) => {
      if (object !== null && object !== subject) found.add(`${subject} ${object}`);
    };
    // A bare private suffix is the platform itself.
    const domainOf = (url: string) => {
      const { domain, hostname, isPrivate } = parse(url, options);
      return domain ?? (isPrivate ? hostname : null);
    };
    const addPlatform = (domain: string) => {
      const { isPrivate, publicSuffix } = parse(domain, options);
      if (isPrivate) add(domain, publicSuffix);
    };
    for (const pageref of new Set(log.entries.map((e: { pageref?: string }) => e.pageref))) {
      const entries = log.entries
        .filter((e: { pageref?: string }) => e.pageref === pageref)
        .sort((a: EntryFields, b: EntryFields) => Date.parse(a.startedDateTime!) - Date.parse(b.startedDateTime!));
      const title = log.pages?.find((p: { id: string }) => p.id === pageref)?.title.match(/https?:\S+/)?.[0];
      const document = entries.find(
        (e: ReturnType<typeof entry>) =>
          Math.floor(e.response.status / 100) === 2 && /html/.test(e.response.content.mimeType),
      );
      const site = domainOf(document?.request.url ?? title ?? entries[0].request.url);
      if (site === null) continue;
      addPlatform(site);
      for (const { request } of entries) {
        const domain = domainOf(request.url);
        if (domain === null) continue;
        add(site, domain);
        if (domain !== site) addPlatform(domain);
      }
    }
    return found;
  }
});

describe('laws of page loads', () => {
  it('never throws, whatever JSON it is given', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fanOut(JSON.stringify(value));
        fanOut(JSON.stringify({ log: { entries: [value], pages: [value] } }));
      }),
    );
  });

  it('keeps secret whatever a URL holds beside its host', () => {
    const secret = fc.stringMatching(/^[A-Z0-9]{12}$/);
    fc.assert(
      fc.property(secret, fc.constantFrom('', ':x', ':99999', '\\', ' '), (text, oddity) => {
        const url = `https://${text}:${text}@api.vendor.example${oddity}/${text}?key=${text}#${text}`;
        const out = fanOut(har([html('https://shop.example/'), entry(url)]));
        const told =
          Buffer.concat(out.events.map(({ value }) => value)).toString('latin1') + JSON.stringify(out.refused);
        expect(told).not.toContain(text);
      }),
    );
  });
});

describe('page events in the graph', () => {
  const envelope = { id: 'e', source: 'page-crawler', time: Date.UTC(2026, 9, 1, 12) };

  it('say that the domain was looked at, and what it uses', () => {
    const out = fanOut(har([html('https://shop.example/'), entry('https://cdn.vendor.example/')]));
    const [page] = eventsOf(PageObservedSchema, out);
    const [contact] = eventsOf(VendorContactedSchema, out);
    expect(mapPageObserved(page!, envelope)).toEqual([
      {
        type: 'observe-domain',
        source: 'page-crawler',
        stream: 'page-loads',
        domain: 'shop.example',
        observedAt: envelope.time,
      },
    ]);
    expect(mapVendorContacted(contact!, envelope)).toMatchObject([
      {
        type: 'sight-use',
        source: 'page-crawler',
        subject: { kind: 'domain', name: 'shop.example' },
        service: 'OTHER',
        object: { kind: 'domain', name: 'vendor.example' },
        evidence: { record: 'entries[1]', host: 'cdn.vendor.example', observedAt: Date.UTC(2026, 9, 1, 12, 0, 1) },
      },
    ]);
  });
});

import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fanOutDns } from '../../consumers/dns/fan-out.ts';
import { dnsFormats } from '../../consumers/dns/formats.ts';
import { mapAnswerObserved } from '../../consumers/dns/map.ts';
import type { FanOut, RawDocument } from '../../consumers/document.ts';
import { Service } from '../../src/stream/generated/avd/common/v1/common_pb.ts';
import { AnswerObservedSchema } from '../../src/stream/generated/avd/dns/v1/dns_pb.ts';
import { VendorContactedSchema } from '../../src/stream/generated/avd/page_loads/v1/page_loads_pb.ts';
import { eventsOf, knowledgeOf, rawDocument, readFixtureLines } from '../support/raw-document.ts';

const knowledge = knowledgeOf({
  'ns1.p01.nsone.net': { rule: 'ns1', vendor: 'ns1.com', service: 'DNS', confidence: 0.95 },
  'd111111abcdef8.cloudfront.net': { rule: 'cloudfront', vendor: 'amazon.com', service: 'CDN', confidence: 0.95 },
  'sendgrid.net': { rule: 'sendgrid', vendor: 'twilio.com', service: 'MARKETING', confidence: 0.9 },
  '_spf.google.com': { rule: 'google', vendor: 'google.com', service: 'MAIL', confidence: 1 },
  'stripe-verification=FAKE-TOKEN-0002': { rule: 'stripe', vendor: 'stripe.com', service: 'PAYMENTS', confidence: 0.7 },
});
const zdns = (content: string | object, fields: Partial<RawDocument> = {}) =>
  fanOutDns(
    rawDocument(typeof content === 'string' ? content : JSON.stringify(content), {
      source: 'zdns',
      format: 'zdns',
      ...fields,
    }),
    knowledge,
  );
const APRIL_15 = Date.UTC(2023, 3, 15);
const webdep = (row: string, format = 'webdep-dns', fields: Partial<RawDocument> = {}) =>
  fanOutDns(rawDocument(row, { source: 'webdep', format, observedAt: APRIL_15, ...fields }), knowledge);

const answers = (out: FanOut) => eventsOf(AnswerObservedSchema, out);
/** `domain record-type: object SERVICE, …; whole set of …` */
const said = (out: FanOut) =>
  answers(out).map(({ domain, recordType, providers, complete }) => {
    const uses = providers.map(({ object, service }) => `${object?.end.value} ${Service[service]}`);
    return `${domain} ${recordType}: ${uses.join(', ')}; ${complete.map((service) => Service[service]).join()}`;
  });
const lookup = (name: string, module: string, records: object[], fields = {}) => ({
  name,
  results: {
    [module]: { data: { answers: records }, status: 'NOERROR', timestamp: '2026-10-01T12:00:00Z', ...fields },
  },
});
const record = (type: string, name: string, answer: string) => ({ type, name, answer });

describe('wrong or odd DNS lines', () => {
  const lines = readFixtureLines('bad/dns.jsonl');
  const line = (number: number) => zdns(lines[number]!, { place: `dns.jsonl line ${number}` });

  it.each([1, 6])('line %d: a failed look-up claims nothing and retracts nothing', (number) => {
    expect(line(number)).toEqual({ events: [], refused: [], filtered: 1 });
  });

  it('a null MX is the whole set, and empty', () => {
    expect(said(line(2))).toEqual(['nullmx.example MX: ; MAIL']);
  });

  it('an NS record that holds an IP address refuses the whole answer, so that the rest does not pass for the set', () => {
    expect(line(3)).toMatchObject({
      events: [],
      refused: [
        {
          code: 'IP_ADDRESS',
          place: 'dns.jsonl line 3 results.NS.answers[0]',
          reason: expect.stringMatching(/^Not a host name/),
        },
      ],
    });
  });

  it('a circle of CNAMEs ends, refused', () => {
    expect(line(4)).toMatchObject({
      events: [],
      refused: [{ code: 'CONTRADICTION', reason: 'The CNAME chain is a circle.' }],
    });
  });

  it('an SPF record keeps its good include; one with a macro and an invalid one are refused', () => {
    const out = line(5);
    expect(said(out)).toEqual(['spf.example TXT: google.com MAIL; ']);
    expect(out.refused.map(({ code }) => code)).toEqual(['NOT_A_DOMAIN_NAME', 'EMPTY_LABEL']);
  });

  it.each([
    ['no object', '[]', 'FIELD_MISSING'],
    ['no name', '{"results":{}}', 'FIELD_MISSING'],
    ['no results', '{"name":"a.example"}', 'FIELD_MISSING'],
    ['a name that nobody can register', '{"name":"com","results":{}}', 'NO_REGISTRABLE_DOMAIN'],
    ['cut off', '{"name":"a.exam', 'MALFORMED_JSON'],
  ])('a line with %s is refused', (_, content, code) => {
    expect(zdns(content)).toMatchObject({ events: [], refused: [{ code }] });
  });

  it('a look-up without a time takes that of the delivery, else it is refused', () => {
    const timeless = lookup('a.example', 'NS', [], { timestamp: undefined });
    expect(zdns(timeless, { observedAt: APRIL_15 }).events[0]?.time).toBe(APRIL_15);
    expect(zdns(timeless).refused).toMatchObject([{ code: 'TIME_MISSING', place: 'file results.NS' }]);
  });

  it('an answer of more records than any name has is refused', () => {
    const records = Array.from({ length: 1001 }, (_, i) => record('NS', 'a.example', `ns${i}.b.example`));
    expect(zdns(lookup('a.example', 'NS', records))).toMatchObject({ events: [], refused: [{ code: 'TOO_MANY' }] });
  });
});

describe('zdns answers', () => {
  const samples = readFixtureLines('dns/zdns-samples.jsonl');

  it.each([
    [1, ['shop.example MX: google.com MAIL, google.com MAIL; MAIL']],
    [3, ['nomail.example MX: ; MAIL']],
    [4, ['shop.example TXT: google.com MAIL, twilio.com MARKETING, mcsv.net OTHER, stripe.com PAYMENTS; ']],
    [5, ['clinic.example TXT: clinic-parent.example OTHER; ']],
    [6, ['shop.example CNAME: shops.myshopify.com OTHER; ']],
    [7, ['shop.example A: amazon.com CDN; ']],
    [8, ['clinic.example CNAME: zendesk.com OTHER, zendesk.com OTHER; ']],
    [9, ['xn--bcher-kva.example NS: dnsmadeeasy.com DNS, dnsmadeeasy.com DNS; DNS']],
    [10, ['gone.example NS: ; DNS']],
    [11, []],
    [12, []],
    [13, ['split.example NS: ns1.com DNS, awsdns-00.com DNS; DNS']],
    [15, ['multi.example NS: cloudflare.com DNS; DNS', 'multi.example MX: zoho.com MAIL; MAIL']],
  ])('sample %d says %j', (number, expected) => {
    expect(said(zdns(samples[number]!))).toEqual(expected);
  });

  it('keep the host that was seen, and no token', () => {
    const out = zdns(samples[4]!);
    const [answer] = answers(out);
    expect(answer?.providers.map(({ evidence }) => [evidence?.record, evidence?.host])).toEqual([
      ['results.TXT.answers[0]', '_spf.google.com'],
      ['results.TXT.answers[0]', 'sendgrid.net'],
      ['results.TXT.answers[0]', 'servers.mcsv.net'],
      ['results.TXT.answers[2]', 'shop.example'],
    ]);
    expect(Buffer.from(out.events[0]!.value).toString('latin1')).not.toContain('FAKE');
    expect(out.filtered).toBe(2); // the tokens that no rule knows
  });

  it('are the whole set only for the domain itself: a host below it has no name servers of its own', () => {
    expect(said(zdns(lookup('www.shop.example', 'NS', [])))).toEqual(['shop.example NS: ; ']);
    expect(said(zdns(lookup('www.shop.example', 'MX', [], { status: 'NXDOMAIN' })))).toEqual(['shop.example MX: ; ']);
  });

  it('keep a domain that serves itself as its own provider', () => {
    const own = record('NS', 'shop.example', 'ns1.shop.example');
    const other = record('NS', 'SHOP.example.', 'NS1.vendor.example.');
    expect(said(zdns(lookup('shop.example', 'NS', [own, other])))).toEqual([
      'shop.example NS: shop.example DNS, vendor.example DNS; DNS',
    ]);
  });

  it('take no name servers of another name, and then are no whole set', () => {
    const out = zdns(lookup('shop.example', 'NS', [record('NS', 'example', 'a.nic.example')]));
    expect(said(out)).toEqual(['shop.example NS: ; ']);
    expect(out.filtered).toBe(1);
  });

  it('leave an alias and an SPF include within the domain out', () => {
    expect(
      said(zdns(lookup('www.shop.example', 'CNAME', [record('CNAME', 'www.shop.example', 'shop.example')]))),
    ).toEqual(['shop.example CNAME: ; ']);
    const spf = record('TXT', 'shop.example', 'v=spf1 include:_spf.shop.example -all');
    expect(said(zdns(lookup('shop.example', 'TXT', [spf])))).toEqual(['shop.example TXT: ; ']);
  });

  it('say that a domain under a private suffix is hosted by its platform, once a line', () => {
    const { name, results } = lookup('somebody.github.io', 'NS', []);
    const out = zdns({ name, results: { ...results, MX: results.NS } });
    expect(eventsOf(VendorContactedSchema, out)).toMatchObject([
      { subject: 'somebody.github.io', object: 'github.io', service: Service.HOSTING, confidence: 1 },
    ]);
  });
});

describe('measurement rows', () => {
  const rows = readFixtureLines('bad/dns-measurement.csv');

  it.each([
    [1, ['site-a.example NS: webdep:cloudflare DNS; DNS']],
    [6, ['site-e.example NS: webdep:amazon.com DNS; DNS']],
  ])('row %d is applied', (number, expected) => {
    const out = webdep(rows[number]!);
    expect(said(out)).toEqual(expected);
    expect(out.refused).toEqual([]);
  });

  it.each([
    [2, 'WRONG_COLUMN_COUNT', 'The row has 2 columns; the format has 4.'],
    [3, 'WRONG_COLUMN_COUNT', 'The row has 5 columns; the format has 4.'],
    [4, 'FIELD_INVALID', 'label is "Maybe" and none of Third, Pvt, unknown.'],
    [5, 'FIELD_MISSING', 'provider is missing.'],
  ])('row %d is refused: %s', (number, code, reason) => {
    const place = `dns-measurement.csv line ${number}`;
    expect(webdep(rows[number]!, 'webdep-dns', { place })).toEqual({
      events: [],
      refused: [{ code, place, reason }],
      filtered: 0,
    });
  });

  it.each([
    ['1000,yahoo.com,yahoo.com,Pvt,yahoo.com', 'webdep-ns', 'yahoo.com NS: yahoo.com DNS; DNS'],
    [
      '1000,dealertrack.com,dealertrackdns.com,Pvt,dealertrackdns.com',
      'webdep-ns',
      'dealertrack.com NS: dealertrack.com DNS; DNS',
    ],
    [
      '1000,taboolanews.com,dnsfaster.com,unknown,dnsfaster.com',
      'webdep-ns',
      'taboolanews.com NS: dnsfaster.com DNS; DNS',
    ],
    ['1000,officedepot.com,cloudinary,unknown', 'webdep-cdn', 'officedepot.com CDN: webdep:cloudinary CDN; '],
    ['1000,ign.com,fastly,Third', 'webdep-cdn', 'ign.com CDN: webdep:fastly CDN; '],
    ['1000,www.ign.com,ultradns,Third', 'webdep-dns', 'ign.com NS: webdep:ultradns DNS; '],
  ])('%s as %s says %s', (row, format, expected) => {
    expect(said(webdep(row, format))).toEqual([expected]);
  });

  it('that cannot tell are half as sure', () => {
    const [answer] = answers(webdep('1000,taboolanews.com,dnsfaster.com,unknown,dnsfaster.com', 'webdep-ns'));
    expect(answer?.providers[0]).toMatchObject({ confidence: 0.5, evidence: { host: 'dnsfaster.com' } });
  });

  it('need the time of the delivery', () => {
    expect(webdep(rows[1]!, 'webdep-dns', { observedAt: undefined }).refused).toMatchObject([{ code: 'TIME_MISSING' }]);
  });
});

describe('DNS formats', () => {
  it.each([
    ['{"name":"a.example","results":{}}', 'zdns'],
    ['1000,legacy.com,easydns.com,Third', 'webdep-dns'],
    ['1000,legacy.com,ultradns,Third,ultradns.org', 'webdep-ns'],
    ['<html>', undefined],
  ])('recognise %s as %s', (line, id) => {
    expect(dnsFormats.find((format) => format.recognise(line))?.id).toBe(id);
  });

  it('are recognised at fan-out where a message names none, else refused', () => {
    expect(said(webdep('1000,legacy.com,easydns.com,Third', undefined))).toHaveLength(1);
    expect(zdns('hello', { format: undefined }).refused).toMatchObject([{ code: 'UNKNOWN_FORMAT' }]);
    expect(zdns('{}', { format: 'har' }).refused).toMatchObject([{ code: 'UNKNOWN_FORMAT' }]);
  });
});

describe('laws of DNS', () => {
  it('fan-out never throws, whatever JSON it is given', () => {
    const module = fc.constantFrom('NS', 'MX', 'CNAME', 'A', 'TXT', '__proto__', 'constructor');
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(fc.jsonValue()), module, fc.string(), (value, records, name, answer) => {
        zdns(JSON.stringify(value));
        zdns(lookup('a.example', name, [...records.map((item) => Object(item)), record(name, 'a.example', answer)]));
      }),
    );
  });

  it('the same line says the same, whatever file and place it came from', () => {
    const ids = (out: FanOut) => out.events.map(({ id }) => id);
    const line = lookup('a.example', 'NS', [record('NS', 'a.example', 'ns.b.example')]);
    expect(ids(zdns(line, { place: 'x line 1' }))).toEqual(
      ids(zdns(line, { place: 'y line 2', producedAt: Date.UTC(2027, 0) })),
    );
  });
});

describe('answers in the graph', () => {
  it('say what is used, what is whole, and that somebody looked', () => {
    const time = Date.UTC(2023, 3, 15, 7);
    const out = webdep('1000,ign.com,UltraDNS,Third', 'webdep-dns', { observedAt: time });
    expect(mapAnswerObserved(answers(out)[0]!, { id: 'e', source: 'webdep', time })).toMatchObject([
      { type: 'observe-domain', source: 'webdep', stream: 'dns', domain: 'ign.com', observedAt: time },
      { type: 'name-organization', key: 'webdep:ultradns', name: 'UltraDNS', time },
      {
        type: 'sight-use',
        source: 'webdep',
        subject: { kind: 'domain', name: 'ign.com' },
        service: 'DNS',
        object: { kind: 'organization', key: 'webdep:ultradns' },
        confidence: 1,
        evidence: { observedAt: time },
      },
      { type: 'complete-observation', source: 'webdep', domain: 'ign.com', service: 'DNS', day: 19_462 },
    ]);
  });

  it('are refused as undecodable where a provider is nobody', () => {
    const message = create(AnswerObservedSchema, { domain: 'a.example', providers: [{ service: Service.DNS }] });
    expect(() => mapAnswerObserved(message, { id: 'e', source: 'zdns', time: 0 })).toThrow('lacks a field');
  });
});

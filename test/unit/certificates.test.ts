import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fanOutCertificates } from '../../consumers/certificates/fan-out.ts';
import { certificateFormats } from '../../consumers/certificates/formats.ts';
import { mapCertificateObserved } from '../../consumers/certificates/map.ts';
import type { FanOut, RawDocument } from '../../consumers/document.ts';
import { CertificateObservedSchema } from '../../src/stream/generated/avd/certificates/v1/certificates_pb.ts';
import { VendorContactedSchema } from '../../src/stream/generated/avd/page_loads/v1/page_loads_pb.ts';
import { eventsOf, knowledgeOf, rawDocument, readFixtureLines } from '../support/raw-document.ts';

const OCTOBER = Date.UTC(2026, 9, 1);
const fanOut = (content: string | object, fields: Partial<RawDocument> = {}, knowledge = knowledgeOf()) =>
  fanOutCertificates(
    rawDocument(typeof content === 'string' ? content : JSON.stringify(content), {
      source: 'zgrab',
      stream: 'certificates',
      observedAt: OCTOBER,
      ...fields,
    }),
    knowledge,
  );
const certificates = (out: FanOut) => eventsOf(CertificateObservedSchema, out);
const said = (out: FanOut) =>
  certificates(out).map(({ domain, issuer, critical }) => `${domain} ${issuer?.end.value} ${critical ?? 'unmeasured'}`);

const certificate = (names: string[], fields = {}) => ({
  issuer: { organization: ["Let's Encrypt"] },
  validity: { start: '2026-09-01T00:00:00Z', end: '2026-12-01T00:00:00Z' },
  extensions: { subject_alt_name: { dns_names: names } },
  ...fields,
});
const handshake = (parsed: object, stapled?: boolean) => ({
  handshake_log: { server_hello: { ocsp_stapling: stapled }, server_certificates: { certificate: { parsed } } },
});
const tls = (domain: string, parsed: object, stapled?: boolean, fields = {}) => ({
  domain,
  data: { tls: { status: 'success', result: handshake(parsed, stapled), ...fields } },
});

describe('wrong or odd certificates', () => {
  const lines = readFixtureLines('bad/certificates.jsonl');
  const line = (number: number) => fanOut(lines[number]!, { place: `certificates.jsonl line ${number}` });

  it('a wildcard stands for its domain, and a bare one is filtered', () => {
    const out = line(1);
    expect(said(out)).toEqual(["wild.example zgrab:let's encrypt true"]);
    expect(out).toMatchObject({ refused: [], filtered: 1 });
  });

  it('alternative names that are no domain names are refused each, and the good ones kept', () => {
    const out = line(2);
    expect(said(out)).toEqual(["mixed.example zgrab:let's encrypt true", "ok.example zgrab:let's encrypt unmeasured"]);
    expect(out.refused.map(({ code }) => code)).toEqual([
      'IP_ADDRESS',
      'NOT_A_DOMAIN_NAME',
      'NAME_EMPTY',
      'EMPTY_LABEL',
      'CHARACTER_NOT_ALLOWED',
    ]);
    expect(out.refused[0]?.place).toBe('certificates.jsonl line 2 data.tls dns_names[1]');
  });

  it.each([
    [3, 'FIELD_MISSING', /issuer is missing/],
    [4, 'CONTRADICTION', /validity/],
  ])('line %d is refused', (number, code, reason) => {
    expect(line(number)).toMatchObject({ events: [], refused: [{ code, reason: expect.stringMatching(reason) }] });
  });

  it('a failed scan claims nothing and retracts nothing', () => {
    expect(line(5)).toEqual({ events: [], refused: [], filtered: 1 });
  });

  it('a scan without a time is refused, however old the certificate', () => {
    expect(fanOut(lines[1]!, { observedAt: undefined }).refused).toMatchObject([{ code: 'TIME_MISSING' }]);
  });

  it('of more than a thousand names, a thousand are read, and that is said', () => {
    const names = Array.from({ length: 1001 }, (_, i) => `www.d${i}.example`);
    const out = fanOut({ parsed: certificate(names) });
    expect(certificates(out)).toHaveLength(1000);
    expect(out.refused).toMatchObject([
      { code: 'TOO_MANY', reason: '1001 alternative names; the first 1000 are read.' },
    ]);
  });
});

describe('scans', () => {
  it("state their own time, and what the scanned domain's server does", () => {
    const out = fanOut(
      tls('www.shop.example', certificate(['shop.example']), true, { timestamp: '2026-10-02T03:00:00+02:00' }),
    );
    expect(said(out)).toEqual(["shop.example zgrab:let's encrypt false"]);
    expect(out.events[0]?.time).toBe(Date.UTC(2026, 9, 2, 1));
    expect(certificates(out)[0]).toMatchObject({
      scanned: true,
      evidence: { record: 'data.tls', host: 'www.shop.example' },
    });
  });

  it('name the vendor where a rule knows the issuer, which is no third party to itself', () => {
    const knowledge = knowledgeOf({
      "Let's Encrypt": { rule: 'le', vendor: 'letsencrypt.org', service: 'CERTIFICATE_AUTHORITY', confidence: 0.95 },
    });
    expect(said(fanOut(tls('shop.example', certificate([]), false), {}, knowledge))).toEqual([
      'shop.example letsencrypt.org true',
    ]);
    expect(said(fanOut(tls('letsencrypt.org', certificate([]), false), {}, knowledge))).toEqual([
      'letsencrypt.org letsencrypt.org false',
    ]);
  });

  it('of a self-signed certificate say that the domain vouches for itself, and nothing of the names in it', () => {
    const selfSigned = certificate(['google.com'], { signature: { self_signed: true }, issuer: {} });
    const out = fanOut(tls('shop.example', selfSigned, false));
    expect(said(out)).toEqual(['shop.example shop.example false']);
    expect(out.filtered).toBe(1);
  });

  it('find the certificate of a protocol on top of TLS, and of the host where http redirects ended', () => {
    const result = { tls: handshake(certificate([]), false) };
    const smtp = { domain: 'mail.shop.example', data: { smtp: { status: 'success', result } } };
    expect(said(fanOut(smtp))).toEqual(["shop.example zgrab:let's encrypt true"]);
    const request = { url: { host: 'other.example:443' }, tls_log: handshake(certificate([]), false) };
    const http = { domain: 'shop.example', data: { http: { status: 'success', result: { response: { request } } } } };
    expect(said(fanOut(http))).toEqual(["other.example zgrab:let's encrypt true"]);
  });

  it('say of each domain under a private suffix that its platform hosts it', () => {
    const out = fanOut(tls('somebody.github.io', certificate(['d1.cloudfront.net'])));
    expect(eventsOf(VendorContactedSchema, out).map(({ subject, object }) => `${subject} ${object}`)).toEqual([
      'somebody.github.io github.io',
      'd1.cloudfront.net cloudfront.net',
    ]);
  });

  it('of a certificate for no domain are filtered, whoever issued it', () => {
    expect(fanOut({ parsed: certificate([], { issuer: {} }) })).toEqual({ events: [], refused: [], filtered: 1 });
  });
});

describe('measurement rows of authorities', () => {
  const row = (content: string) => fanOut(content, { source: 'webdep' });

  it.each([
    ['1000,login.gov,letsencrypt,Third,False', 'login.gov webdep:letsencrypt true'],
    ['1000,patreon.com,digicertinc,Third,True', 'patreon.com webdep:digicertinc false'],
    ['1000,apple.com,appleinc,Pvt,False', 'apple.com apple.com false'],
    ['1000,ml.com,entrustinc,unknown,False', 'ml.com webdep:entrustinc unmeasured'],
    ['5000,websight.blue,ocsp.e2m02.amazontrust.com,Amazon,Third,False', 'websight.blue webdep:amazon true'],
    ['1000,a.example,"Cloudflare, Inc.",Third,True', 'a.example webdep:cloudflare, inc. false'],
  ])('%s says %s', (content, expected) => {
    expect(said(row(content))).toEqual([expected]);
  });

  it.each([
    ['1000,login.gov,letsencrypt,Third', 'WRONG_COLUMN_COUNT'],
    ['1000,login.gov,letsencrypt,Third,maybe', 'FIELD_INVALID'],
    ['1000,login.gov,letsencrypt,Fourth,True', 'FIELD_INVALID'],
    ['1000,login.gov,,Third,True', 'FIELD_MISSING'],
    ['1000,gov,letsencrypt,Third,True', 'NO_REGISTRABLE_DOMAIN'],
  ])('%s is refused: %s', (content, code) => {
    expect(fanOut(content, { source: 'webdep', format: 'webdep-ca' })).toMatchObject({
      events: [],
      refused: [{ code }],
    });
  });
});

describe('certificate formats', () => {
  it.each([
    ['{"ip":"192.0.2.1","domain":"a.example","data":{}}', 'zgrab'],
    ['{"file":"a.pem","parsed":{}}', 'x509'],
    ['1000,login.gov,letsencrypt,Third,False', 'webdep-ca'],
    ['1000,legacy.com,easydns.com,Third', undefined],
  ])('recognise %s as %s', (line, id) => {
    expect(certificateFormats.find((format) => format.recognise(line))?.id).toBe(id);
  });

  it('are refused where none fits', () => {
    expect(fanOut('hello').refused).toMatchObject([{ code: 'UNKNOWN_FORMAT' }]);
  });
});

it('fan-out of certificates never throws, whatever JSON it is given', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (value, name) => {
      fanOut(JSON.stringify(value));
      fanOut({ parsed: value });
      fanOut({ domain: value, data: { tls: value } });
      fanOut(tls('a.example', certificate([name], { validity: value, signature: value })));
    }),
  );
});

describe('certificates in the graph', () => {
  const envelope = { id: 'e', source: 'zgrab', time: OCTOBER };
  const actions = (out: FanOut) => certificates(out).map((message) => mapCertificateObserved(message, envelope));

  it('say who vouches for a domain, and of the scanned one that somebody looked', () => {
    const [scanned, named] = actions(fanOut(tls('shop.example', certificate(['other.example']), false)));
    expect(scanned).toMatchObject([
      { type: 'observe-domain', stream: 'certificates', domain: 'shop.example', observedAt: OCTOBER },
      { type: 'name-organization', key: "zgrab:let's encrypt", name: "Let's Encrypt", time: OCTOBER },
      { type: 'sight-use', subject: { name: 'shop.example' }, service: 'CERTIFICATE_AUTHORITY', critical: true },
    ]);
    expect(named?.map(({ type }) => type)).toEqual(['name-organization', 'sight-use']);
    expect(named?.[1]).not.toHaveProperty('critical');
  });
});

import { describe, expect, test } from 'vitest';
import {
  createDetector,
  type Detection,
  type Detector,
  digestOf,
  loadKnowledge,
} from '../../src/detection/detector.ts';
import { checkRules } from '../../src/detection/read-rules.ts';
import { RULE_KINDS, type RuleKind } from '../../src/detection/rule.ts';
import { registrableDomain } from '../../src/identity/domain-name.ts';
import { inProgram } from '../../src/program.ts';

const { rules, entities } = await loadKnowledge(inProgram('detection'));
const detector = createDetector(rules, entities);

const LOOK_UPS: Record<RuleKind, (detector: Detector, text: string) => Detection | undefined> = {
  host: ({ host }, text) => host(text),
  ns: ({ nameServer }, text) => nameServer(text),
  mx: ({ mailExchange }, text) => mailExchange(text),
  cname: ({ canonicalName }, text) => canonicalName(text),
  txt: ({ verificationToken }, text) => verificationToken(text),
  spf: ({ spfInclude }, text) => spfInclude(text),
  issuer: ({ issuer }, text) => issuer(text),
};

describe.each(RULE_KINDS)('rules of kind %s', (kind) => {
  const lookUp = (text: string) => LOOK_UPS[kind](detector, text);
  const ofKind = rules.filter((rule) => rule.kind === kind);

  test.each(ofKind.map((rule) => [rule.id, rule] as const))('%s matches its examples and no near-miss', (_, rule) => {
    const { id, vendor, service, confidence } = rule;
    for (const example of rule.example) expect(lookUp(example)).toEqual({ rule: id, vendor, service, confidence });
    for (const near of rule.near) expect(lookUp(near)?.rule).not.toBe(id);
  });

  test('no rule is in the shadow of others: each pattern decides something', () => {
    for (const rule of ofKind) {
      for (const pattern of rule.match) {
        const without = createDetector(
          [...ofKind.filter((r) => r !== rule), { ...rule, match: rule.match.filter((m) => m !== pattern) }],
          [],
        );
        const decided = rule.example.filter((example) => LOOK_UPS[kind](without, example)?.rule !== rule.id);
        expect(decided.length, `${rule.id}: ${pattern}`).toBeGreaterThan(0);
      }
    }
  });
});

test('there are at least 150 rules, each with an id of its own and a registrable domain as vendor', () => {
  expect(rules.length).toBeGreaterThanOrEqual(150);
  expect(new Set(rules.map((rule) => rule.id)).size).toBe(rules.length);
  for (const { vendor } of rules) expect(registrableDomain(vendor)).toBe(vendor);
});

test('every vendor is spelled as one domain, whichever kind of rule names it', () => {
  expect(detector.spfInclude('_spf.google.com')?.vendor).toBe('google.com');
  expect(detector.mailExchange('aspmx.l.google.com')?.vendor).toBe('google.com');
  expect(detector.nameServer('awsdns-13.com')?.vendor).toBe('amazon.com');
  expect(detector.canonicalName('d111111abcdef8.cloudfront.net')?.vendor).toBe('amazon.com');
  expect(detector.issuer('Amazon')?.vendor).toBe('amazon.com');
});

test('of DNS records other than MX, only those of who keeps mailboxes are of MAIL, and none but NS are of DNS', () => {
  const others = rules.filter(({ kind }) => kind === 'cname' || kind === 'txt' || kind === 'spf');
  const mailboxes = new Set(rules.filter(({ kind }) => kind === 'mx').map(({ vendor }) => vendor));
  const strangers = others.filter(({ service, vendor }) => service === 'MAIL' && !mailboxes.has(vendor));
  expect(strangers.map(({ id }) => id)).toEqual([]);
  expect(detector.spfInclude('sendgrid.net')?.service).toBe('MARKETING');
  expect(detector.spfInclude('_spf.google.com')?.service).toBe('MAIL');
  for (const rule of others) {
    expect(checkRules([{ ...rule, service: 'DNS' }])).toContainEqual(expect.stringMatching(/must not be DNS/));
  }
});

test('a host that only the entity list knows has its category as service and its own domain as vendor', () => {
  expect(detector.host('securepubads.g.doubleclick.net')).toEqual({
    rule: 'third-party-web:*.doubleclick.net',
    vendor: 'doubleclick.net',
    service: 'ADVERTISING',
    confidence: 1,
  });
  expect(detector.host('nobody.example')).toBeUndefined();
});

test('a rule for a host wins over the entity list', () => {
  expect(createDetector([], entities).host('js.stripe.com')?.service).toBe('UTILITY');
  expect(detector.host('js.stripe.com')?.service).toBe('PAYMENTS');
});

test('of the entity list an exact host beats a wider pattern, and a longer one a shorter', () => {
  const entity = (service: 'ADVERTISING' | 'CDN' | 'VIDEO', pattern: string) => ({
    name: service,
    service,
    patterns: [pattern],
  });
  const { host } = createDetector(
    [],
    [
      entity('CDN', '*.acme.example'),
      entity('VIDEO', '*.video.acme.example'),
      entity('ADVERTISING', 'ads.video.acme.example'),
    ],
  );
  expect(host('acme.example')?.service).toBe('CDN');
  expect(host('a.acme.example')?.service).toBe('CDN');
  expect(host('a.video.acme.example')?.service).toBe('VIDEO');
  expect(host('ads.video.acme.example')?.service).toBe('ADVERTISING');
  expect(host('x.ads.video.acme.example')?.service).toBe('VIDEO');
});

test('an entity cannot claim a whole public suffix', () => {
  expect(detector.host('somebody.net.pl')).toBeUndefined();
});

describe('the digest', () => {
  const [first, ...others] = rules;
  const change = (more: object) => digestOf([{ ...first!, ...more }, ...others], entities);
  const digest = digestOf(rules, entities);

  test('stays the same whatever the order, the reasons and the examples', () => {
    expect(digestOf(rules.toReversed(), entities.toReversed())).toBe(digest);
    expect(change({ why: 'another reason', example: ['x'], near: ['y'] })).toBe(digest);
  });

  test('changes with everything that decides a detection', () => {
    const changed = [
      change({ id: 'another' }),
      change({ match: ['another.example'] }),
      change({ vendor: 'another.example' }),
      change({ service: 'OTHER' }),
      change({ confidence: 0.123 }),
      digestOf(rules, entities.slice(1)),
      digestOf(others, entities),
    ];
    expect(new Set([digest, ...changed]).size).toBe(changed.length + 1);
  });
});

import fc from 'fast-check';
import type { Evidence, GraphAction, Reference } from '../../src/graph/actions.ts';
import { DAY } from '../../src/graph/claim-state.ts';

/** Small worlds on purpose: a few names, days and sources, so that events meet on the same claims. */
const START = Date.UTC(2026, 0, 1);
const domains = fc.constantFrom('a.example', 'b.example', 'c.example', 'd.example');
const organizations = fc.constantFrom('partner:acme', 'partner:bolt', 'partner:coda', 'imc2020:acme', 'analyst:dune');
const crawlers = fc.constantFrom('page-crawler', 'zdns');
const partners = fc.constantFrom('partner', 'imc2020', 'analyst');
const services = fc.constantFrom('DNS' as const, 'CDN' as const, 'MAIL' as const);
const confidence = fc.constantFrom(0.25, 0.5, 1);
const time = fc
  .tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 3 }))
  .map(([d, h]) => START + d * DAY + h * 3_600_000);
const event = fc.integer({ min: 0, max: 2 ** 30 }).map((n) => n.toString(16).padStart(64, '0'));

const reference: fc.Arbitrary<Reference> = fc.oneof(
  domains.map((name): Reference => ({ kind: 'domain', name })),
  organizations.map((key): Reference => ({ kind: 'organization', key })),
);

const evidence: fc.Arbitrary<Evidence> = fc.record({
  document: fc.constantFrom('doc-1', 'doc-2', 'doc-3'),
  record: fc.constantFrom('entries[0]', 'entries[1]'),
  host: fc.constantFrom('', 'www.a.example', 'cdn.b.example'),
  observedAt: time,
});

const optionalCritical = fc.option(fc.boolean(), { nil: undefined });
const withCritical = <T extends object>(value: T, critical: boolean | undefined) =>
  critical === undefined ? value : { ...value, critical };

const sighting = fc
  .record({
    source: crawlers,
    subject: domains,
    service: services,
    object: reference,
    confidence,
    evidence,
    critical: optionalCritical,
  })
  .map(
    ({ critical, subject, ...rest }): GraphAction =>
      withCritical(
        { type: 'sight-use' as const, subject: { kind: 'domain' as const, name: subject }, ...rest },
        critical,
      ),
  );

// An event's id is a digest of its content, so two different statements never share one.
const statement = fc
  .record({ source: partners, time, event, retracted: fc.boolean(), confidence, evidence })
  .map((s) => ({ ...s, event: `${s.event.slice(0, 40)}${s.time}${s.retracted}${s.confidence}${s.source}` }));

const use = fc
  .record({ statement, subject: reference, service: services, object: reference, critical: optionalCritical })
  .map(
    ({ statement: s, critical, ...rest }): GraphAction =>
      withCritical({ type: 'state-use' as const, ...rest, ...s }, critical),
  );

const why = fc.record({ author: fc.constantFrom('ann', 'bob'), reason: fc.constantFrom('x', 'y') });
const dismissal = fc.record({ statement, why, subject: reference, service: services, object: reference }).map(
  ({ statement: s, why: w, ...rest }): GraphAction => ({
    type: 'dismiss-use',
    ...rest,
    ...s,
    ...w,
    event: `${s.event}${w.author}${w.reason}`,
  }),
);
/** What tenants say among themselves: mostly of what everybody knows, sometimes of what nobody else does. */
const secretDomains = fc.constantFrom('a.example', 'b.example', 'secret.example');
const secretReference: fc.Arbitrary<Reference> = fc.oneof(
  secretDomains.map((name): Reference => ({ kind: 'domain', name })),
  fc
    .constantFrom('partner:acme', 'acme-feed:own', 'bolt-feed:own')
    .map((key): Reference => ({ kind: 'organization', key })),
);
const privateUse = fc
  .record({
    statement,
    tenant: fc.constantFrom('acme', 'bolt'),
    subject: secretReference,
    service: services,
    object: secretReference,
  })
  .map(({ statement: s, tenant, ...rest }): GraphAction => {
    const source = `${tenant}-feed`;
    return { type: 'state-use', ...rest, ...s, source, tenant, event: `${s.event}${source}` };
  });

const ownership = fc
  .record({ statement, domain: domains, organization: organizations })
  .map(({ statement: s, ...rest }): GraphAction => ({ type: 'state-ownership', ...rest, ...s }));

const sameAs = fc
  .record({
    statement,
    pair: fc.uniqueArray(organizations, { minLength: 2, maxLength: 2 }),
    reason: fc.constantFrom('x', 'y'),
  })
  .map(
    ({ statement: s, pair, reason }): GraphAction => ({
      type: 'state-same-as',
      organizations: pair as [string, string],
      reason,
      ...s,
      event: `${s.event}${reason}`,
    }),
  );

const partOf = fc
  .record({ statement, organization: organizations, parent: organizations })
  .map(({ statement: s, ...rest }): GraphAction => ({ type: 'state-part-of', ...rest, ...s }));

const observation = fc
  .record({ source: crawlers, stream: fc.constantFrom('dns', 'page-loads'), domain: domains, observedAt: time })
  .map((o): GraphAction => ({ type: 'observe-domain', ...o }));

const complete = fc
  .record({ source: crawlers, domain: domains, service: services, day: time.map((t) => Math.floor(t / DAY)) })
  .map((o): GraphAction => ({ type: 'complete-observation', ...o }));

const naming = fc
  .record({ key: organizations, name: fc.constantFrom('Acme', 'ACME', 'Bolt Ltd'), time })
  .map((n): GraphAction => ({ type: 'name-organization', ...n }));

const incident = fc
  .record({
    id: fc.constantFrom('one', 'two'),
    time,
    event,
    title: fc.constantFrom('A', 'B'),
    affects: fc.uniqueArray(reference, { maxLength: 2, selector: (r) => JSON.stringify(r) }),
    evidence,
  })
  .map(
    (i): GraphAction => ({
      type: 'report-incident',
      source: 'hibp',
      ...i,
      event: `${i.event}${i.time}${i.title}${JSON.stringify(i.affects)}`,
      kind: 'BREACH',
      description: '',
      occurred: '2026-01',
      occurredPrecision: 'MONTH',
      reportedAt: START,
      dataClasses: ['Email addresses'],
      verified: true,
      fabricated: false,
    }),
  );

const withdrawal = fc
  .record({ source: fc.oneof(partners, crawlers), before: time })
  .map((w): GraphAction => ({ type: 'withdraw-source', reason: 'a bad delivery', ...w }));

/** One event's actions: mostly one, sometimes several about one subject. */
export const arbitraryAction: fc.Arbitrary<GraphAction> = fc.oneof(
  { weight: 6, arbitrary: sighting },
  { weight: 5, arbitrary: use },
  { weight: 3, arbitrary: dismissal },
  { weight: 4, arbitrary: privateUse },
  { weight: 5, arbitrary: ownership },
  { weight: 4, arbitrary: sameAs },
  { weight: 1, arbitrary: partOf },
  { weight: 2, arbitrary: observation },
  { weight: 2, arbitrary: complete },
  { weight: 2, arbitrary: naming },
  { weight: 1, arbitrary: incident },
  { weight: 1, arbitrary: withdrawal },
);

export const arbitraryEvents = (max: number): fc.Arbitrary<GraphAction[][]> =>
  fc.array(fc.array(arbitraryAction, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: max });

/** Sightings of one claim, so that nearly each says again what others have said, or a little more. */
export const arbitrarySightings: fc.Arbitrary<GraphAction[][]> = fc.array(
  fc
    .record({
      day: fc.constantFrom(0, 1),
      hour: fc.constantFrom(0, 1, 2),
      document: fc.constantFrom('doc-1', 'doc-2'),
      host: fc.constantFrom('ns1.b.example', 'ns1.b.example', 'ns2.b.example'),
      confidence: fc.constantFrom(1, 1, 0.5),
      critical: optionalCritical,
    })
    .map(({ day, hour, document, host, confidence: sure, critical }) => [
      withCritical(
        {
          type: 'sight-use' as const,
          source: 'zdns',
          subject: { kind: 'domain' as const, name: 'a.example' },
          service: 'DNS' as const,
          object: { kind: 'domain' as const, name: 'b.example' },
          confidence: sure,
          evidence: { document, record: 'answers[0]', host, observedAt: START + day * DAY + hour * 3_600_000 },
        },
        critical,
      ),
    ]),
  { minLength: 6, maxLength: 16 },
);

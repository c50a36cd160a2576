import fc from 'fast-check';
import type { GraphAction, Reference, ReportIncident } from '../../src/graph/actions.ts';
import type { Service } from '../../src/identity/service.ts';
import { day, end, name, own, sight, statePrivately } from './facts.ts';
import { worlds } from './worlds.ts';

/** Worlds of which two tenants know more than everybody does. */
export interface PrivateWorld {
  readonly known: readonly GraphAction[];
  /** What the tenant `acme` says, and what `bolt` does. */
  readonly acme: readonly GraphAction[];
  readonly bolt: readonly GraphAction[];
  /** By which the order is made in which they come. */
  readonly order: number;
}

const KNOWN = ['a.example', 'b.example', 'c.example', 'd.example', 'e.example', 'partner:p', 'partner:q', 'imc2020:r'];
/** What only private claims speak of, but for the first, of which the public hears in some worlds. */
const SECRET = ['half.example', 'both.example', 'both-secret.example'];

/** Everything that there may be, and what there is never. */
export const NAMES = [
  ...KNOWN,
  ...SECRET,
  ...['acme-secret.example', 'bolt-secret.example', 'acme-feed:own', 'bolt-feed:own', 'never.example', 'partner:never'],
];

const anyService = fc.constantFrom<Service>('DNS', 'CDN', 'ANALYTICS');
const anyDay = fc.integer({ min: 0, max: 40 }).map(day);

function claimsOf(tenant: string): fc.Arbitrary<GraphAction[]> {
  const anyEnd = fc.oneof(
    { arbitrary: fc.constantFrom(...KNOWN), weight: 6 },
    { arbitrary: fc.constantFrom(...SECRET), weight: 2 },
    { arbitrary: fc.constantFrom(`${tenant}-secret.example`, `${tenant}-feed:own`), weight: 2 },
  );
  const claim = fc
    .tuple(anyEnd, anyService, anyEnd, anyDay, fc.nat(999), fc.constantFrom(0.25, 0.5, 1), fc.nat(9), fc.nat(3))
    .map(([subject, service, object, on, ms, confidence, retracted, critical]) =>
      statePrivately(tenant, subject, service, object, on + ms, {
        confidence,
        retracted: retracted < 2,
        ...(critical < 2 && { critical: critical === 1 }),
      }),
    );
  // Two statements of one claim at the same time are told apart by their ids, which is another test's matter.
  return fc.uniqueArray(claim, { selector: ({ time }) => time, minLength: 4, maxLength: 16 });
}

const late = fc
  .array(fc.tuple(fc.constantFrom('a.example', 'c.example', 'half.example'), fc.constantFrom('partner:p', 'imc2020:r')))
  .map((pairs) => pairs.slice(0, 2).map(([site, owner], i) => own('imc2020', site, owner, day(30) + i)));
const hub = fc
  .boolean()
  .map((isThere): GraphAction[] => (isThere ? [sight('zdns', 'half.example', 'DNS', 'e.example', day(5))] : []));
const named = fc
  .array(fc.tuple(fc.constantFrom('partner:p', 'partner:q', 'imc2020:r'), fc.constantFrom('Beta', 'alpha', 'half')))
  .map((names) => names.slice(0, 3).map(([key, text], i) => name(key, text, day(i))));
const incidents = fc
  .array(fc.constantFrom(...KNOWN, 'half.example'), { maxLength: 3 })
  .map((hit) => hit.map((text, i) => incident(i, end(text))));

function incident(i: number, hit: Reference): ReportIncident {
  const reportedAt = day(10 + i);
  return {
    type: 'report-incident',
    source: 'hibp',
    id: `breach-${i}`,
    time: reportedAt,
    event: `incident-${i}`,
    kind: 'BREACH',
    title: `Breach of example ${i}`,
    description: '',
    occurred: '2025-01',
    occurredPrecision: 'MONTH',
    reportedAt,
    dataClasses: [],
    verified: true,
    fabricated: false,
    affects: [hit],
    evidence: { document: 'd'.repeat(64), record: '', host: '', observedAt: reportedAt },
  };
}

/** Both follow all there may be, also what they have never heard of. */
const portfolios: GraphAction[] = ['acme', 'bolt'].flatMap((tenant) => {
  const said = { type: 'change-portfolio' as const, tenant, portfolio: 'all' };
  return [
    { ...said, time: day(1), event: `${tenant}-1`, change: { kind: 'created' as const, name: 'All', alertDepth: 3 } },
    { ...said, time: day(2), event: `${tenant}-2`, change: { kind: 'followed' as const, references: NAMES.map(end) } },
  ];
});

export const privateWorlds: fc.Arbitrary<PrivateWorld> = fc
  .record({
    public: fc.tuple(worlds, late, hub, named, incidents).map((parts) => parts.flat()),
    acme: claimsOf('acme'),
    bolt: claimsOf('bolt'),
    order: fc.nat(1_000_000),
  })
  .map(({ public: known, ...rest }) => ({ known: [...known, ...portfolios], ...rest }));

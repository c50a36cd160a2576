import fc from 'fast-check';
import type { GraphAction, Reference } from '../../src/graph/actions.ts';
import type { Service } from '../../src/identity/service.ts';
import { complete, day, dismiss, own, same, sight, stateUse } from './facts.ts';

/** Small worlds of sites and organizations, in which claims, owners and merges meet, for what follows from the facts. */

const SITES = ['a.example', 'b.example', 'c.example', 'd.example', 'e.example'];
const NAMED = ['partner:p', 'partner:q', 'imc2020:r'];

const anyEnd = fc.oneof({ arbitrary: fc.constantFrom(...SITES), weight: 3 }, fc.constantFrom(...NAMED));
const anyService = fc.constantFrom<Service>('DNS', 'CDN', 'ANALYTICS');
const anyDay = fc.integer({ min: 0, max: 40 }).map(day);
const anyConfidence = fc.constantFrom(0.25, 0.5, 1);
const measurement = fc.constantFrom({}, {}, { critical: true }, { critical: false });

const sighting = fc
  .tuple(fc.constantFrom('zdns', 'webdep'), anyEnd, anyService, anyEnd, anyDay, anyConfidence, measurement)
  .map(([source, subject, service, object, on, confidence, measured]) =>
    sight(source, subject, service, object, on, { confidence, ...measured }),
  );
const stated = fc
  .tuple(
    fc.constantFrom('partner', 'analyst'),
    anyEnd,
    anyService,
    anyEnd,
    anyDay,
    anyConfidence,
    fc.boolean(),
    fc.nat(999),
  )
  .map(([source, subject, service, object, on, confidence, retracted, ms]) =>
    stateUse(source, subject, service, object, on + ms, { confidence, retracted }),
  );
const completed = fc
  .tuple(fc.constantFrom(...SITES), anyService, anyDay)
  .map(([site, service, on]) => complete('zdns', site, service, on));
const merged = fc
  .tuple(fc.constantFrom(...NAMED), fc.constantFrom(...NAMED), anyDay, fc.boolean(), fc.nat(999))
  .filter(([a, b]) => a !== b)
  .map(([a, b, on, retracted, ms]) => same('analyst', a, b, on + ms, { retracted }));
const owned = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...SITES), fc.constantFrom(...NAMED)), {
    selector: ([site]) => site,
    maxLength: 3,
  })
  .map((pairs) => pairs.map(([site, owner]) => own('partner', site, owner, day(1))));
const withdrawn = fc
  .option(anyDay, { freq: 4 })
  .map((before): GraphAction[] =>
    before === null ? [] : [{ type: 'withdraw-source', source: 'webdep', before, reason: 'a bad delivery' }],
  );

const claimed: fc.Arbitrary<GraphAction> = fc.oneof(
  { arbitrary: sighting, weight: 5 },
  { arbitrary: stated, weight: 3 },
  { arbitrary: completed, weight: 1 },
  { arbitrary: merged, weight: 1 },
);

/** What somebody claims is dismissed, or that is taken back, each a few times. */
interface Dismissed {
  readonly which: number;
  readonly source: string;
  readonly on: number;
  readonly ms: number;
  readonly retracted: boolean;
}

const dismissed = fc.array(
  fc.record<Dismissed>({
    which: fc.nat(),
    source: fc.constantFrom('analyst', 'analyst', 'webdep'),
    on: anyDay,
    ms: fc.nat(999),
    retracted: fc.constantFrom(false, false, true),
  }),
  { maxLength: 8 },
);
const nameOf = (end: Reference): string => (end.kind === 'domain' ? end.name : end.key);

/** Only what is claimed is dismissed, and mostly the first that is: so that several meet on one. */
function dismissalsOf(claims: readonly GraphAction[], some: readonly Dismissed[]): GraphAction[] {
  const uses = claims.filter((action) => action.type === 'sight-use' || action.type === 'state-use');
  return some.flatMap(({ which, source, on, ms, retracted }) => {
    const use = uses[which % Math.min(uses.length, 6)];
    if (use === undefined) return [];
    return [dismiss(source, nameOf(use.subject), use.service, nameOf(use.object), on + ms, { retracted })];
  });
}

/** Two statements of one claim at the same time are told apart by their ids, which is another test's matter. */
const timeOf = (action: GraphAction) => ('time' in action ? action.time : JSON.stringify(action));

export const worlds = fc
  .tuple(fc.uniqueArray(claimed, { selector: timeOf, minLength: 5, maxLength: 40 }), dismissed, owned, withdrawn)
  .map(([claims, some, ...rest]): GraphAction[] => [...claims, ...dismissalsOf(claims, some), ...rest.flat()]);

/** What is asked of a world. */
export const askedFilters = fc.record({
  service: fc.constantFrom<Service | undefined>(undefined, 'DNS'),
  criticalOnly: fc.boolean(),
});
export const askedInstants = fc.constantFrom(day(20), day(41), day(100));

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GraphAction, SightUse } from '../../src/graph/actions.ts';
import { foldBatch, planBatch } from '../../src/graph/batch.ts';
import { type ClaimState, MAX_EVIDENCE } from '../../src/graph/claim-state.ts';
import { type ClaimEntity, type Entity, identify, join, lift } from '../../src/graph/fold.ts';
import { createRepeats, type KnownDomain, sightingsIn } from '../../src/graph/repeats.ts';
import { encodeSightings, joinSightings } from '../../src/graph/sightings.ts';
import { arbitraryAction, arbitraryEvents, arbitrarySightings } from '../support/arbitrary-actions.ts';

/** The graph of a set of events, without a database. */
function fold(events: readonly (readonly GraphAction[])[]): Map<string, Entity> {
  const graph = new Map<string, Entity>();
  for (const entity of events.flat().flatMap(lift)) {
    const id = identify(entity);
    const held = graph.get(id);
    graph.set(id, held === undefined ? entity : join(held, entity));
  }
  return graph;
}

const plain = (graph: ReadonlyMap<string, Entity>): string =>
  JSON.stringify(
    [...graph].sort(([a], [b]) => (a < b ? -1 : 1)),
    (_, value) => (value instanceof Map ? [...value].sort() : value),
  );

describe('the fold', () => {
  it('gives the same graph in whatever order events arrive', () => {
    fc.assert(
      fc.property(
        arbitraryEvents(40).chain((events) =>
          fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length })),
        ),
        ([events, shuffled]) => {
          expect(plain(fold(shuffled))).toBe(plain(fold(events)));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives the same graph when events arrive twice', () => {
    fc.assert(
      fc.property(arbitraryEvents(30), (events) => {
        expect(plain(fold([...events, ...events]))).toBe(plain(fold(events)));
      }),
      { numRuns: 200 },
    );
  });

  it('gives the same graph when parts are folded apart and joined', () => {
    fc.assert(
      fc.property(arbitraryEvents(20), arbitraryEvents(20), (first, second) => {
        const joined = fold(first);
        for (const [id, entity] of fold(second)) {
          const held = joined.get(id);
          joined.set(id, held === undefined ? entity : join(held, entity));
        }
        expect(plain(joined)).toBe(plain(fold([...first, ...second])));
      }),
      { numRuns: 200 },
    );
  });

  it('returns the held state itself when an event adds nothing', () => {
    fc.assert(
      fc.property(arbitraryAction, (action) => {
        for (const entity of lift(action)) {
          expect(join(entity, entity)).toBe(entity);
        }
      }),
    );
  });

  it('counts an event as changed iff the graph is another after it', () => {
    fc.assert(
      fc.property(arbitraryEvents(20), (events) => {
        const plan = planBatch(events);
        const once = foldBatch(plan, new Map());
        const again = foldBatch(plan, once.dirty);
        expect(again.changed.some(Boolean)).toBe(false);
        expect(again.dirty.size).toBe(0);
      }),
    );
  });

  /** Both of everything and of many sightings of one claim, where there is something to know. */
  it('knows a repeat only where it adds nothing', () => {
    const events = fc.oneof(arbitraryEvents(20), arbitrarySightings);
    const count = { sightings: 0, others: 0 };
    fc.assert(
      fc.property(events, events, (first, second) => {
        const repeats = createRepeats();
        repeats.remember(knownDomains(first));
        repeats.rememberNames(first.flat());
        const again = [...first, ...second];
        const known = again.map((actions) => actions.filter((action) => repeats.covers(action)));
        for (const { type } of known.flat()) count[type === 'sight-use' ? 'sightings' : 'others']++;
        expect(plain(fold([...first, ...known]))).toBe(plain(fold(first)));
      }),
      { numRuns: 400 },
    );
    expect(count.sightings).toBeGreaterThan(0);
    expect(count.others).toBeGreaterThan(0);
  });

  it('remembers at most as much as it may, and nothing once it has to forget', () => {
    const repeats = createRepeats(10_000);
    const sightingOf = (n: number, observedAt: number): GraphAction => {
      const action = sightUse(observedAt, 'www.shop.example');
      return { ...action, subject: { kind: 'domain', name: `shop-${n}.example` } };
    };
    const all = Array.from({ length: 1_000 }, (_, n) => sightingOf(n, 6));
    for (let n = 0; n < 1_000; n++) repeats.remember(knownDomains([[sightingOf(n, 5)]]));
    const known = (): number => all.filter((action) => repeats.covers(action)).length;
    expect(repeats.covers(sightingOf(999, 6))).toBe(true);
    expect(known()).toBeGreaterThan(10);
    expect(known()).toBeLessThan(100);
    repeats.forget();
    expect(known()).toBe(0);
  });

  it('keeps of sightings what they were always kept as', () => {
    const kept = sightingsIn([sightUse(5, 'www.shop.example')])
      .get('shop.example')
      ?.get('zdns');
    expect(kept && encodeSightings(kept)).toBe('AAAAAAAAAAA0Gah1Hw2xlxmsL/WibrDEBQAAAA==');
  });
});

/** What the graph of the events holds of their domains. */
function knownDomains(events: readonly (readonly GraphAction[])[]): KnownDomain[] {
  const kept = new Map<string, Map<string, string | undefined>>();
  for (const actions of events) {
    for (const [domain, bySource] of sightingsIn(actions)) {
      const held = kept.get(domain) ?? new Map();
      kept.set(domain, held);
      for (const [source, more] of bySource)
        held.set(source, joinSightings(held.get(source), more) ?? held.get(source));
    }
  }
  const domains = [...fold(events).values()].filter((entity) => entity.entity === 'domain');
  return domains.map(({ name, state }) => ({ name, days: [...state.days], sightings: [...(kept.get(name) ?? [])] }));
}

const base = {
  source: 'partner',
  subject: { kind: 'domain', name: 'shop.example' },
  service: 'DNS',
  object: { kind: 'domain', name: 'ns.example' },
  confidence: 1,
} as const;
const evidence = (observedAt: number, host = '', document = 'd') => ({ document, record: 'r', host, observedAt });
const stateUse = (time: number, retracted: boolean, event = `${time}${retracted}`): GraphAction => ({
  type: 'state-use',
  ...base,
  time,
  event,
  retracted,
  evidence: evidence(time),
});
const sightUse = (observedAt: number, host: string, document = 'd'): SightUse => ({
  type: 'sight-use',
  ...base,
  source: 'zdns',
  evidence: evidence(observedAt, host, document),
});
function claimOf(actions: readonly GraphAction[]): ClaimEntity['state'] {
  const claims = [...fold([actions]).values()].filter((e): e is ClaimEntity => e.entity === 'claim');
  expect(claims).toHaveLength(1);
  return (claims[0] as ClaimEntity).state;
}

/** A retraction counts above an assertion of the same time. */
const isRetracted = ({ stated, retracted }: ClaimState): boolean =>
  retracted !== undefined && (stated === undefined || retracted.time >= stated.time);

describe('a claim', () => {
  it('is retracted by a retraction of the same time, and stated again by a later assertion', () => {
    expect(isRetracted(claimOf([stateUse(10, false), stateUse(10, true)]))).toBe(true);
    expect(isRetracted(claimOf([stateUse(10, true), stateUse(11, false)]))).toBe(false);
    expect(isRetracted(claimOf([stateUse(12, true), stateUse(11, false)]))).toBe(true);
  });

  it('takes the newest measurement, and true where two of one day differ', () => {
    const measured = (time: number, critical: boolean): GraphAction =>
      ({ ...stateUse(time, false), critical }) as GraphAction;
    expect(claimOf([measured(10, true), measured(11, false)]).critical?.value).toBe(true);
    expect(claimOf([measured(10, true), measured(86_400_000, false)]).critical?.value).toBe(false);
  });

  it('keeps the first document of a day and host, the newest days first, five in all', () => {
    const day = 86_400_000;
    expect(claimOf([sightUse(5, 'a', 'late'), sightUse(3, 'a', 'early')]).evidence.map((e) => e.document)).toEqual([
      'early',
    ]);
    const many = Array.from({ length: 9 }, (_, i) => sightUse(i * day, 'a', `${i}`));
    const kept = claimOf(many).evidence;
    expect(kept).toHaveLength(MAX_EVIDENCE);
    expect(kept.map((e) => e.document)).toEqual(['8', '7', '6', '5', '4']);
  });
});

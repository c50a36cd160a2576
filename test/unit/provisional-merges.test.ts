import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Knowledge } from '../../consumers/document.ts';
import { fanOutPartnerRelationships } from '../../consumers/partner-relationships/fan-out.ts';
import { type ClaimEntity, type Entity, identify, join, lift, type OrganizationEntity } from '../../src/graph/fold.ts';
import { resolveCanonical, resolveOwner } from '../../src/graph/resolve.ts';
import { actionsOf, rawDocument, statementKnowledge } from '../support/fan-out-file.ts';

/** Merges of owners that nobody has named: `sameAs` of two domains. */
let knowledge: Knowledge;
beforeAll(async () => {
  knowledge = await statementKnowledge();
});

const DOMAINS = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}.example`);

interface Said {
  readonly pair: readonly [string, string];
  /** A day of January. */
  readonly day: number;
  readonly retracted: boolean;
}
const says = (a: string, b: string, day: number, retracted = false): Said => ({
  pair: [`${a}.example`, `${b}.example`],
  day,
  retracted,
});

/** What the statements leave behind, folded in the order of their arrival. */
function fold(statements: readonly Said[]): Entity[] {
  const states = new Map<string, Entity>();
  for (const { pair, day, retracted } of statements) {
    const [subject, object] = pair.map((name) => `domain:${name}`);
    const observedAt = new Date(Date.UTC(2026, 0, day)).toISOString();
    const statement = { type: 'sameAs', subject, object, observedAt, retracted };
    const { events } = fanOutPartnerRelationships(rawDocument(JSON.stringify(statement), {}), knowledge);
    for (const state of events.flatMap(actionsOf).flatMap(lift)) {
      const held = states.get(identify(state));
      states.set(identify(state), held === undefined ? state : join(held, state));
    }
  }
  return [...states.values()];
}

/** Each domain's organization and its name, as the stored conclusions and the queries give them. */
function ownersAfter(statements: readonly Said[]): Record<string, string> {
  const entities = fold(statements);
  const claims = entities.filter((entity): entity is ClaimEntity => entity.entity === 'claim');
  const organizations = entities.filter((entity): entity is OrganizationEntity => entity.entity === 'organization');
  const keyOf = (end: ClaimEntity['key']['subject']) => (end.kind === 'domain' ? end.name : end.key);
  const stated = ({ key, state }: ClaimEntity) => ({
    source: key.source,
    statedAt: state.stated?.time ?? null,
    retractedAt: state.retracted?.time ?? null,
  });
  const ofKind = (kind: ClaimEntity['key']['kind']) => claims.filter(({ key }) => key.kind === kind);
  const merges = ofKind('SAME_AS').map((c) => ({ a: keyOf(c.key.subject), b: keyOf(c.key.object), ...stated(c) }));
  const canonical = resolveCanonical([], merges, new Map());
  const name = (key: string) =>
    organizations
      .filter((o) => canonical.get(o.key) === key && o.state.named !== undefined)
      .sort((x, y) => (y.state.named?.time ?? 0) - (x.state.named?.time ?? 0) || (x.key < y.key ? -1 : 1))[0]?.state
      .named?.name;
  return Object.fromEntries(
    DOMAINS.map((domain) => {
      const owned = ofKind('OWNERSHIP_CLAIM').filter(({ key }) => keyOf(key.subject) === domain);
      const owner = resolveOwner(
        owned.map((c) => ({ organization: keyOf(c.key.object), ...stated(c) })),
        () => 1,
        new Map(),
      );
      const key = owner === undefined ? undefined : (canonical.get(owner) ?? owner);
      return [domain, key === undefined ? `domain:${domain}` : `${key} (${name(key)})`];
    }),
  );
}

/** The same by connected components of the pairs that stand in the end, of the newest word on each. */
function expected(statements: readonly Said[]): Record<string, string> {
  const last = new Map<string, Said>();
  for (const said of statements) {
    const id = [...said.pair].sort().join();
    const held = last.get(id);
    const isNewer = held === undefined || said.day > held.day || (said.day === held.day && said.retracted);
    if (isNewer) last.set(id, said);
  }
  const group = new Map(DOMAINS.map((domain) => [domain, new Set([domain])]));
  for (const { pair, retracted } of last.values()) {
    if (retracted) continue;
    const all = new Set(pair.flatMap((domain) => [...(group.get(domain) ?? [])]));
    for (const domain of all) group.set(domain, all);
  }
  return Object.fromEntries(
    DOMAINS.map((domain) => {
      const members = [...(group.get(domain) ?? [])].sort();
      return [domain, members.length < 2 ? `domain:${domain}` : `partner:${members[0]} (${members[0]})`];
    }),
  );
}

describe('owners of domains that nobody claims', () => {
  it('are one where two pairs of three domains are said to be the same, in any order', () => {
    const [ab, bc, ca] = [says('a', 'b', 1), says('b', 'c', 2), says('c', 'a', 3)];
    const one = { 'a.example': 'partner:a.example (a.example)', 'b.example': 'partner:a.example (a.example)' };
    for (const statements of [
      [ab, bc],
      [bc, ab],
      [ca, bc],
      [ab, ca],
    ]) {
      expect(ownersAfter(statements)).toMatchObject({ ...one, 'c.example': 'partner:a.example (a.example)' });
    }
  });

  it('are what they were before where the second pair is taken back', () => {
    const [ab, bc, notBc] = [says('a', 'b', 1), says('b', 'c', 2), says('c', 'b', 3, true)];
    expect(ownersAfter([ab, bc, notBc])).toEqual(ownersAfter([ab]));
    expect(ownersAfter([notBc, bc, ab])).toEqual(ownersAfter([ab]));
    expect(ownersAfter([ab, bc, says('a', 'b', 3, true)])).toEqual(ownersAfter([bc]));
    expect(ownersAfter([bc, notBc])).toEqual(ownersAfter([]));
  });

  it('are the connected components of what stands, whatever is said, taken back and said again', () => {
    const said = fc
      .record({
        pair: fc.uniqueArray(fc.constantFrom(...DOMAINS), { minLength: 2, maxLength: 2 }),
        day: fc.integer({ min: 1, max: 9 }),
        retracted: fc.boolean(),
      })
      .map(({ pair: [a = '', b = ''], day, retracted }): Said => ({ pair: [a, b], day, retracted }));
    fc.assert(
      fc.property(fc.array(said, { maxLength: 8 }), (statements) => {
        expect(ownersAfter(statements)).toEqual(expected(statements));
      }),
      { numRuns: 300 },
    );
  });
});

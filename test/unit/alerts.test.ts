import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exposedTo, type Reach } from '../../src/alerts/reach.ts';
import { readTriggers, triggerTopics } from '../../src/alerts/triggers.ts';
import { alertId } from '../../src/graph/alerts.ts';
import { foldBatch, planBatch } from '../../src/graph/batch.ts';
import { describeChanges } from '../../src/graph/changes.ts';
import { reversed } from '../../src/queries/reach.ts';
import { ClaimChangedSchema } from '../../src/stream/generated/avd/changes/v1/changes_pb.ts';
import { CHANGE_TOPICS, privateChangeTopic } from '../../src/stream/topics.ts';
import { arbitraryEvents } from '../support/arbitrary-actions.ts';

const TENANTS = ['acme', 'bolt'];
const NO_SERVICE = { services: new Set<string>(), critical: new Set<string>() };

function reachOf(edges: readonly (readonly [string, string])[], members: readonly string[], depth: number): Reach {
  const hops = new Map<string, Map<string, typeof NO_SERVICE>>();
  for (const [from, to] of edges) hops.set(from, (hops.get(from) ?? new Map()).set(to, NO_SERVICE));
  const reached = new Set([...members, ...edges.map(([, to]) => to)]);
  return { members, depth, reached, hops, dependents: reversed(hops, () => true), bound: undefined };
}

describe('who is exposed', () => {
  it('are those that reach somebody who is hit, the nearest first, each by its first shortest path', () => {
    const edges = [
      ['a', 'x'],
      ['a', 'c'],
      ['a', 'b'],
      ['b', 'hit'],
      ['c', 'hit'],
      ['x', 'y'],
      ['y', 'z'],
      ['z', 'hit'],
      ['far', 'x'],
    ] as const;
    expect(exposedTo(reachOf(edges, ['a', 'far', 'hit'], 3), ['hit'])).toEqual({
      members: ['hit', 'a'],
      paths: [['hit'], ['a', 'b', 'hit']],
      via: new Set(['hit', 'b', 'c', 'z', 'a', 'y', 'x']),
    });
    expect(exposedTo(reachOf(edges, ['far'], 4), ['hit'])?.paths).toEqual([['far', 'x', 'y', 'z', 'hit']]);
    expect(exposedTo(reachOf(edges, ['far'], 3), ['hit'])).toBeUndefined();
    expect(exposedTo(reachOf(edges, ['a'], 3), ['nobody'])).toBeUndefined();
  });

  it('are the same as by every path, on any graph', () => {
    const node: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const edges = fc.array(fc.tuple(node, node), { maxLength: 12 });
    const some = fc.uniqueArray(node, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(edges, some, some, fc.integer({ min: 1, max: 4 }), (links, members, hit, depth) => {
        const walk = (from: string, left: number): number =>
          hit.includes(from)
            ? 0
            : left === 0
              ? Number.POSITIVE_INFINITY
              : Math.min(
                  ...links.filter(([a]) => a === from).map(([, b]) => 1 + walk(b, left - 1)),
                  Number.POSITIVE_INFINITY,
                );
        const expected = members.filter((member) => walk(member, depth) <= depth).sort();
        const found = exposedTo(reachOf(links, members, depth), hit);
        expect([...(found?.members ?? [])].sort()).toEqual(expected);
        for (const path of found?.paths ?? []) expect(path.length - 1).toBe(walk(path[0] ?? '', depth));
      }),
      { numRuns: 500 },
    );
  });
});

describe('what alerts come of', () => {
  it('is every claim of use, dismissal, owner, merge, incident and portfolio that the writer tells of', () => {
    fc.assert(
      fc.property(arbitraryEvents(20), (events) => {
        const { dirty } = foldBatch(planBatch(events), new Map());
        const changes = describeChanges(dirty, { entities: new Map() });
        const subjects = new Set<string>();
        const ofTenant: Record<string, Set<string>> = { acme: new Set(), bolt: new Set() };
        const incidents = new Set<string>();
        let news = 0;
        for (const entity of dirty.values()) {
          if (entity.entity === 'incident') incidents.add(entity.key);
          if (entity.entity !== 'claim' || entity.key.service === undefined) continue;
          const { subject, tenant } = entity.key;
          if (tenant === undefined) news++;
          const own = tenant === undefined ? subjects : ofTenant[tenant];
          own?.add(subject.kind === 'domain' ? `domain:${subject.name}` : subject.key);
        }
        const read = (topic: string) => {
          const records = changes.filter((change) => change.topic === topic);
          return readTriggers(
            topic,
            records.map(({ value }) => ({ value, timestamp: 0 })),
          );
        };
        expect(read(CHANGE_TOPICS.dependency).subjects).toEqual(subjects);
        expect(read(CHANGE_TOPICS.dependency).claims).toHaveLength(news);
        expect([...read(CHANGE_TOPICS.incident).incidents]).toEqual([...incidents].map((key) => [key, true]));
        for (const tenant of TENANTS) {
          const own = read(privateChangeTopic(tenant));
          expect([own.tenant, own.subjects]).toEqual([tenant, ofTenant[tenant]]);
        }
        expect(changes.every(({ topic }) => triggerTopics(TENANTS).includes(topic))).toBe(true);
      }),
    );
  });

  it('is nothing where a message says nothing', () => {
    expect(create(ClaimChangedSchema).subject).toBeUndefined();
    expect(
      readTriggers(
        CHANGE_TOPICS.dependency,
        [new Uint8Array(), null].map((value) => ({ value, timestamp: 0 })),
      ).subjects.size,
    ).toBe(0);
  });

  it('makes one id a case', () => {
    expect(alertId('acme', 'p', 'hibp:x')).toBe(alertId('acme', 'p', 'hibp:x'));
    expect(alertId('acme', 'p', 'hibp:x')).not.toBe(alertId('acme', 'ph', 'ibp:x'));
  });
});

import { describe, expect, it } from 'vitest';
import { fanOutPartnerRelationships } from '../../consumers/partner-relationships/fan-out.ts';
import { createDetector } from '../../src/detection/detector.ts';
import { parseSources, sourcesSeenBy, tenantsOf } from '../../src/governance/sources.ts';
import type { GraphAction } from '../../src/graph/actions.ts';
import { foldBatch, planBatch } from '../../src/graph/batch.ts';
import { describeChanges, withdrawalChange } from '../../src/graph/changes.ts';
import { identify, lift } from '../../src/graph/fold.ts';
import { createKnownNodes } from '../../src/graph/pointed-at.ts';
import { mapTyped } from '../../src/main/mapping.ts';
import { privateChangeTopic } from '../../src/stream/topics.ts';
import { day, own, sight, statePrivately, stateUse, tenantSources } from '../support/facts.ts';

const entry = (more: string) =>
  `sources:\n- {id: feed, name: n, team: t, rank: 1, prior: 0.5, freshDays: 3, sensitiveFields: [], licence: own, ${more}}`;

describe('a source of a tenant', () => {
  it('is declared by its tenant, and seen by nobody else', () => {
    expect(tenantsOf(tenantSources)).toEqual(['acme', 'bolt']);
    const seen = (tenant: string | undefined) =>
      sourcesSeenBy(tenantSources, tenant)
        .all()
        .filter(({ id }) => id.endsWith('-feed'))
        .map(({ id }) => id);
    expect([seen('acme'), seen('bolt'), seen('coda'), seen(undefined)]).toEqual([['acme-feed'], ['bolt-feed'], [], []]);
  });

  it.each([
    ['kind: sighting, topics: [partner-relationships], tenant: acme', /feed belongs to a tenant, so its kind must be/],
    ['kind: statement, topics: [partner-relationships, breach-incidents], tenant: acme', /partner-relationships only/],
    ['kind: statement, topics: [partner-relationships], tenant: public', /without a token/],
    ['kind: statement, topics: [partner-relationships], tenant: a/b', /at most 64 letters/],
  ])('is refused as %s', (more, problem) => {
    expect(() => parseSources(entry(more))).toThrow(problem);
  });

  it('can not be the analysts\u2019', () => {
    const text = entry('kind: statement, topics: [partner-relationships], tenant: acme').replace('feed', 'analyst');
    expect(() => parseSources(text)).toThrow('analyst belongs to no tenant');
  });
});

const knowledge = { sources: tenantSources, detector: createDetector([], []) };
const OBSERVED = '"observedAt":"2025-02-01T00:00:00Z"';

const fanOut = (source: string, line: string, format = 'relationships-jsonl') =>
  fanOutPartnerRelationships(
    {
      source,
      stream: 'partner-relationships',
      format,
      observedAt: day(1),
      document: 'd'.repeat(64),
      place: 'feed.jsonl line 1',
      columns: undefined,
      bytes: new TextEncoder().encode(line),
      producedAt: day(100),
    },
    knowledge,
  );

/** What the events of a line ask of the graph. */
const actionsOf = (source: string, line: string): GraphAction[] =>
  fanOut(source, line).events.flatMap(({ topic, value, id, time }) => mapTyped(topic, value, { id, source, time }));

describe('what a tenant\u2019s source says', () => {
  it.each([
    '"type":"belongsTo","subject":"a.example","object":"Own"',
    '"type":"partOf","subject":"Own","object":"Other"',
    '"type":"sameAs","subject":"Own","object":"Other"',
    '"type":"sameAs","subject":"domain:a.example","object":"domain:b.example"',
  ])('is refused where it is public: {%s}', (fields) => {
    const line = `{${fields},${OBSERVED}}`;
    expect(fanOut('acme-feed', line)).toMatchObject({
      events: [],
      refused: [{ code: 'PUBLIC_ONLY', place: 'feed.jsonl line 1', reason: expect.stringContaining('only who uses') }],
    });
    expect(fanOut('partner', line).refused).toEqual([]);
  });

  it('is refused as an entity list', () => {
    const { events, refused } = fanOut('acme-feed', '{"name":"Own","domains":["a.example"]}', 'entities-jsonl');
    expect([events, refused.map(({ code }) => code)]).toEqual([[], ['PUBLIC_ONLY']]);
  });

  it('is a private use, and names nobody', () => {
    const line = `{"type":"uses","subject":"Own","subjectKind":"organization","subjectName":"Own Ltd","object":"b.example","service":"DNS",${OBSERVED}}`;
    expect(actionsOf('acme-feed', line)).toEqual([
      expect.objectContaining({
        type: 'state-use',
        tenant: 'acme',
        source: 'acme-feed',
        subject: { kind: 'organization', key: 'acme-feed:own' },
      }),
    ]);
    expect(actionsOf('partner', line).map(({ type }) => type)).toEqual(['state-use', 'name-organization']);
  });
});

const changesOf = (actions: readonly GraphAction[]) => {
  const { dirty } = foldBatch(planBatch([actions]), new Map());
  return describeChanges(dirty, { entities: new Map() });
};

describe('a private claim', () => {
  const secret = statePrivately('acme', 'secret.example', 'DNS', 'hub.example', day(1));

  it('says of its ends nothing that is public', () => {
    const [claim, ...ends] = lift(secret);
    expect(claim).toMatchObject({ entity: 'claim', key: { kind: 'PRIVATE_USES', tenant: 'acme' } });
    for (const { state } of ends)
      expect(state).toMatchObject({ isPublic: false, vendor: false, firstSeen: undefined, lastSeen: undefined });
  });

  it('is another claim than a public one of the same ends', () => {
    const ids = [secret, stateUse('acme-feed', 'secret.example', 'DNS', 'hub.example', day(1))].map((action) =>
      identify(lift(action)[0] as ReturnType<typeof lift>[0]),
    );
    expect(new Set(ids).size).toBe(2);
  });

  it('is told on its tenant\u2019s topic only, its withdrawal too', () => {
    const withdrawal = {
      type: 'withdraw-source',
      source: 'acme-feed',
      before: day(9),
      reason: '',
      tenant: 'acme',
    } as const;
    const withdrawals = [...planBatch([[withdrawal]]).withdrawals.values()].map(withdrawalChange);
    const topics = [...changesOf([secret]), ...withdrawals].map(({ topic }) => topic);
    expect(topics).toEqual([privateChangeTopic('acme'), privateChangeTopic('acme')]);
  });

  it('leaves what is public public, in whatever order they come', () => {
    for (const actions of [
      [secret, sight('zdns', 'secret.example', 'DNS', 'hub.example', day(2))],
      [own('partner', 'secret.example', 'partner:p', day(1)), secret],
    ]) {
      const { domains } = planBatch([actions]);
      expect(domains).toEqual([expect.objectContaining({ id: 'secret.example', isPublic: true })]);
    }
    expect(planBatch([[secret]]).domains).toEqual([{ id: 'secret.example', sources: ['acme-feed'], isPublic: false }]);
  });

  it('makes nobody believe that a node is known to all', () => {
    const known = createKnownNodes();
    const [privately, publicly] = [secret, sight('zdns', 'x.example', 'DNS', 'hub.example', day(1))].map(
      (action) => planBatch([[action]]).pointedAt,
    );
    const names = (nodes: typeof privately) => known.unknownOf(nodes ?? new Map()).map(({ id }) => id);
    known.remember([...(privately?.values() ?? [])]);
    expect(names(privately)).toEqual([]);
    expect(names(publicly)).toEqual(['hub.example']);
    known.remember([...(publicly?.values() ?? [])]);
    expect([names(publicly), names(privately)]).toEqual([[], []]);
  });
});

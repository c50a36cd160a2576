import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { mapDecisionMade } from '../../consumers/decisions/map.ts';
import type { TypedEvent } from '../../consumers/document.ts';
import type { Corrections } from '../../src/api/corrections.ts';
import type { GraphAction, Reference } from '../../src/graph/actions.ts';
import { correctionEvent, createCorrections } from '../../src/main/corrections.ts';
import type { DecisionKey } from '../../src/queries/decision.ts';
import { DecisionMadeSchema } from '../../src/stream/generated/avd/decisions/v1/decisions_pb.ts';
import { DECISION_KEY, TYPED_TOPICS } from '../../src/stream/topics.ts';

const domain = (name: string): Reference => ({ kind: 'domain', name });
const organization = (key: string): Reference => ({ kind: 'organization', key });
const by = { author: 'ann', reason: 'I asked them', time: Date.UTC(2026, 0, 1, 12) };
const use = { subject: domain('a.example'), service: 'DNS', object: organization('partner:dns') } as const;

/** What the graph is asked for by the event. */
function actionsOf(event: TypedEvent): GraphAction[] {
  const envelope = { id: event.id, source: event.source, time: event.time };
  return mapDecisionMade(fromBinary(DecisionMadeSchema, event.value), envelope);
}

describe('a correction', () => {
  it.each([
    ['CONFIRMED', 'state-use'],
    ['DISMISSED', 'dismiss-use'],
  ] as const)('that is %s is a statement of the analysts, with who, when and why', (kind, type) => {
    for (const withdrawn of [false, true]) {
      const event = correctionEvent({ kind, ...use }, by, withdrawn);
      expect([event.topic, event.key, event.source]).toEqual([TYPED_TOPICS.decisionMade, DECISION_KEY, 'analyst']);
      expect(actionsOf(event)).toEqual([
        {
          type,
          ...use,
          source: 'analyst',
          time: by.time,
          event: event.id,
          retracted: withdrawn,
          confidence: 1,
          author: 'ann',
          reason: 'I asked them',
          evidence: {
            document: expect.stringMatching(/^[0-9a-f]{64}$/),
            record: '',
            host: expect.any(String),
            observedAt: by.time,
          },
        },
      ]);
    }
  });

  it('is the same event whenever it is made of the same, and another where anything differs', () => {
    const decision: DecisionKey = { kind: 'DISMISSED', ...use };
    const id = (key: DecisionKey = decision, more = {}, withdrawn = false) =>
      correctionEvent(key, { ...by, ...more }, withdrawn).id;
    expect(id()).toBe(id());
    const others = [
      id({ ...decision, kind: 'CONFIRMED' }),
      id({ ...decision, service: 'CDN' }),
      id({ ...decision, object: domain('dns.example') }),
      id(decision, { author: 'bob' }),
      id(decision, { reason: 'x' }),
      id(decision, { time: by.time + 1 }),
      id(decision, {}, true),
    ];
    expect(new Set([id(), ...others]).size).toBe(others.length + 1);
  });

  it('names no organization but one that it makes for a domain', () => {
    const names = (key: DecisionKey) =>
      actionsOf(correctionEvent(key, by, false)).filter((a) => a.type === 'name-organization');
    const pair = { service: undefined, subject: organization('partner:a'), object: organization('partner:b') };
    expect(names({ kind: 'MERGED', ...pair })).toEqual([]);
    const made = { service: undefined, subject: domain('a.example'), object: organization('analyst:a.example') };
    // Any name that somebody gives comes after this one.
    expect(names({ kind: 'OWNED', ...made })).toMatchObject([{ key: 'analyst:a.example', name: 'a.example', time: 0 }]);
  });

  it('has no shape but those of its kind', () => {
    for (const key of [
      { kind: 'MERGED', service: undefined, subject: domain('a.example'), object: organization('partner:b') },
      { kind: 'OWNED', service: undefined, subject: organization('partner:a'), object: organization('partner:b') },
      { kind: 'DISMISSED', ...use, service: undefined },
    ] as const) {
      expect(() => correctionEvent(key, by, false)).toThrow(expect.objectContaining({ code: 'BAD_ID' }));
    }
  });
});

describe('a merge', () => {
  const { mergeOf }: Pick<Corrections, 'mergeOf'> = createCorrections(() => Promise.resolve());
  const kinds = (a: Reference, b: Reference) =>
    mergeOf(a, b).map(({ kind, subject, object }) => ({ kind, subject, object }));

  it('of two organizations is one statement, in whatever order they are given', () => {
    const [a, b] = [organization('partner:a'), organization('partner:b')];
    expect(kinds(a, b)).toEqual([{ kind: 'MERGED', subject: a, object: b }]);
    expect(kinds(b, a)).toEqual(kinds(a, b));
  });

  it('of a domain that nobody claims with an organization says whose the domain is', () => {
    const [a, b] = [domain('a.example'), organization('partner:b')];
    expect(kinds(a, b)).toEqual([{ kind: 'OWNED', subject: a, object: b }]);
    expect(kinds(b, a)).toEqual(kinds(a, b));
  });

  it('of two domains gives each an organization called like it, and merges these', () => {
    const [a, b] = [domain('a.example'), domain('b.example')];
    const [ofA, ofB] = [organization('analyst:a.example'), organization('analyst:b.example')];
    expect(kinds(a, b)).toEqual([
      { kind: 'OWNED', subject: a, object: ofA },
      { kind: 'OWNED', subject: b, object: ofB },
      { kind: 'MERGED', subject: ofA, object: ofB },
    ]);
  });
});

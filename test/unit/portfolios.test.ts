import { fromBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDomainList } from '../../consumers/portfolios/domain-list.ts';
import { portfolioEvent } from '../../consumers/portfolios/events.ts';
import { mapPortfolioChanged } from '../../consumers/portfolios/map.ts';
import type { PortfolioChange } from '../../src/graph/actions.ts';
import { foldBatch, planBatch } from '../../src/graph/batch.ts';
import { type Entity, identify, join, lift } from '../../src/graph/fold.ts';
import { mapTyped } from '../../src/main/mapping.ts';
import { PortfolioChangedSchema } from '../../src/stream/generated/avd/portfolios/v1/portfolios_pb.ts';

const START = Date.UTC(2026, 0, 1);
const references = fc.uniqueArray(
  fc.constantFrom(
    { kind: 'domain' as const, name: 'a.example' },
    { kind: 'domain' as const, name: 'b.example' },
    { kind: 'organization' as const, key: 'partner:acme' },
  ),
  { minLength: 1, maxLength: 3 },
);
const changes: fc.Arbitrary<PortfolioChange> = fc.oneof(
  fc.record({
    kind: fc.constant('created' as const),
    name: fc.constantFrom('x', 'y'),
    alertDepth: fc.constantFrom(2, 3),
  }),
  fc.record({ kind: fc.constant('renamed' as const), name: fc.constantFrom('x', 'y', 'z') }),
  fc.record({ kind: fc.constant('alert-depth-set' as const), alertDepth: fc.constantFrom(1, 2, 3) }),
  fc.record({ kind: fc.constantFrom('followed' as const, 'unfollowed' as const), references }),
  { weight: 1, arbitrary: fc.constant({ kind: 'deleted' as const }) },
);
/** Few times and portfolios, so that changes meet on one register, at one time too. */
const events = fc.array(
  fc
    .record({
      tenant: fc.constantFrom('acme', 'bolt'),
      portfolio: fc.constantFrom('p', 'q'),
      after: fc.nat(3),
      changes,
    })
    .map(({ changes: change, after, ...whose }) => portfolioEvent({ ...whose, time: START + after }, change)),
  { minLength: 1, maxLength: 30 },
);

const actionsOf = ({ topic, value, id, source, time }: ReturnType<typeof portfolioEvent>) =>
  mapTyped(topic, value, { id, source, time });

function fold(given: readonly ReturnType<typeof portfolioEvent>[]): Map<string, Entity> {
  const folded = new Map<string, Entity>();
  for (const entity of given.flatMap(actionsOf).flatMap(lift)) {
    const id = identify(entity);
    const held = folded.get(id);
    folded.set(id, held === undefined ? entity : join(held, entity));
  }
  return folded;
}

const sorted = (entities: ReadonlyMap<string, Entity>) => [...entities].sort(([a], [b]) => (a < b ? -1 : 1));

describe('portfolios', () => {
  it('are the same in whatever order their events come, and however often', () => {
    const shuffled = events.chain((given) =>
      fc.tuple(fc.constant(given), fc.shuffledSubarray([...given, ...given], { minLength: given.length * 2 })),
    );
    fc.assert(
      fc.property(shuffled, ([given, others]) => {
        expect(sorted(fold(others))).toEqual(sorted(fold(given)));
      }),
      { numRuns: 300 },
    );
  });

  it('are folded by a batch as they are one by one, and what is known already is superseded', () => {
    fc.assert(
      fc.property(events, (given) => {
        const batch = planBatch(given.map(actionsOf));
        const outcome = foldBatch(batch, new Map());
        expect(sorted(outcome.dirty)).toEqual(sorted(fold(given)));
        expect(foldBatch(batch, outcome.dirty).changed.some(Boolean)).toBe(false);
        expect([...batch.domains, ...batch.organizations, ...batch.pointedAt.keys()]).toEqual([]);
      }),
    );
  });

  it('keep what they follow as it was named, and each change has one key', () => {
    const event = portfolioEvent(
      { tenant: 'acme', portfolio: 'p', time: START },
      { kind: 'followed', references: [{ kind: 'organization', key: 'partner:acme' }] },
    );
    expect(event.key).toBe('acme/p');
    expect(actionsOf(event)).toEqual([
      {
        type: 'change-portfolio',
        tenant: 'acme',
        portfolio: 'p',
        time: START,
        event: event.id,
        change: { kind: 'followed', references: [{ kind: 'organization', key: 'partner:acme' }] },
      },
    ]);
  });

  it('refuse a message that says nothing, or names no portfolio', () => {
    const event = portfolioEvent({ tenant: 'acme', portfolio: 'p', time: START }, { kind: 'deleted' });
    const message = fromBinary(PortfolioChangedSchema, event.value);
    const map = (part: object) => () => mapPortfolioChanged({ ...message, ...part }, event);
    expect(map({ change: { case: undefined } })).toThrow('lacks a field');
    expect(map({ tenant: '' })).toThrow('lacks a field');
    expect(map({ portfolio: 'a/b' })).toThrow('lacks a field');
    expect(map({})).not.toThrow();
  });
});

describe('a list of domains', () => {
  it('gives registrable domains, each once, and says of each other line why not', () => {
    const csv = [
      'name,Domain',
      'Acme,www.acme.example',
      '',
      'Bolt,"bolt.example"',
      'Acme again,ACME.example.',
      'A URL,https://coda.example/',
      'An address,192.0.2.7',
      'A suffix,co.uk',
      'Nothing,',
      'Short',
      'Broken,"dune.example',
      'Last,xn--bcher-kva.example',
    ].join('\r\n');
    expect(readDomainList(csv)).toEqual({
      domains: ['acme.example', 'bolt.example', 'xn--bcher-kva.example'],
      lines: 10,
      repeated: 1,
      refused: [
        expect.objectContaining({ line: 6, code: 'NOT_A_DOMAIN_NAME' }),
        expect.objectContaining({ line: 7, code: 'IP_ADDRESS' }),
        expect.objectContaining({ line: 8, code: 'NO_REGISTRABLE_DOMAIN' }),
        expect.objectContaining({ line: 9, code: 'NAME_EMPTY' }),
        expect.objectContaining({ line: 10, code: 'WRONG_COLUMN_COUNT' }),
        expect.objectContaining({ line: 11, code: 'UNCLOSED_QUOTE' }),
      ],
    });
  });

  it('needs no header: then the first column counts', () => {
    expect(readDomainList('\uFEFFa.example,x\nb.example').domains).toEqual(['a.example', 'b.example']);
    expect(readDomainList('')).toEqual({ domains: [], lines: 0, repeated: 0, refused: [] });
  });

  it('accounts for every line, whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.domain())), (rows) => {
        const { domains, lines, repeated, refused } = readDomainList(['domain', ...rows].join('\n'));
        expect(domains.length + repeated + refused.length).toBe(lines);
      }),
    );
  });
});

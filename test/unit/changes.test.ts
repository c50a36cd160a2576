import { fromBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { claimChange, completionChanges, encodeChanges, withdrawalChange } from '../../src/graph/changes.ts';
import type { ClaimEntity, ClaimKind } from '../../src/graph/fold.ts';
import { lift } from '../../src/graph/fold.ts';
import { ChangeSetSchema } from '../../src/stream/generated/avd/changes/v1/changes_pb.ts';
import { day, sight, stateUse } from '../support/facts.ts';

const claims = [
  sight('zdns', 'a.example', 'DNS', 'b.example', day(1)),
  stateUse('partner', 'ä.example', 'CDN', 'c.example', day(2), { confidence: 0.5 }),
  stateUse('partner', 'a.example', 'CDN', 'c.example', day(3), { retracted: true }),
]
  .flatMap(lift)
  .filter((entity) => entity.entity === 'claim');
const as = (kind: ClaimKind, more: Partial<ClaimEntity['key']> = {}): ClaimEntity[] =>
  claims.map((claim) => ({ ...claim, key: { ...claim.key, kind, ...more } }));

test('a set of changes holds each as it is by itself, those of claims first', () => {
  const ofClaims = [...claims, ...as('DISMISSED')].map(claimChange);
  expect(ofClaims).toHaveLength(6);
  const others = [
    withdrawalChange({ entity: 'source', id: 'partner', state: { withdrawnBefore: day(4) } }),
    ...as('PRIVATE_USES', { tenant: 'acme' }).map(claimChange),
    ...completionChanges(undefined, {
      entity: 'domain',
      name: 'a.example',
      state: {
        firstSeen: day(1),
        lastSeen: day(1),
        vendor: false,
        isPublic: true,
        days: new Map([['complete.zdns.DNS', day(1)]]),
      },
    }),
  ];
  const { changes } = fromBinary(ChangeSetSchema, encodeChanges([...others, ...ofClaims]));
  const plain = ({ topic, key, value }: (typeof ofClaims)[number]) => ({ topic, key, value: Buffer.from(value) });
  expect(changes.map((change) => plain({ ...change, value: new Uint8Array(change.value) }))).toEqual(
    [...ofClaims, ...others].map(plain),
  );
  expect(encodeChanges([])).toHaveLength(0);
});

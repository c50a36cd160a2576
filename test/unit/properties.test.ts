import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_CLAIM } from '../../src/graph/claim-state.ts';
import { claimValues, decodeEvidence } from '../../src/graph/properties.ts';

describe('a piece of evidence', () => {
  it('is read as it was written', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', ',', 'a,', ',,', '"', ',"', '\\', '"]', '\\","', 'cdn.example'),
    );
    const arbitraryEvidence = fc.record({ observedAt: fc.integer(), document: text, record: text, host: text });
    const ends = {
      subject: { kind: 'domain', name: 'a.example' },
      object: { kind: 'domain', name: 'b.example' },
    } as const;
    const key = { kind: 'USES', source: 'crawler', service: 'DNS', ...ends } as const;
    fc.assert(
      fc.property(arbitraryEvidence, (evidence) => {
        const pieces = claimValues('b.example', key, { ...NO_CLAIM, evidence: [evidence] })[3] as string[];
        expect(pieces.map(decodeEvidence)).toEqual([evidence]);
      }),
    );
  });
});

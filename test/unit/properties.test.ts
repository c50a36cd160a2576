import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_CLAIM } from '../../src/graph/claim-state.ts';
import { claimValues, decodeEvidence, encodeDocument, encodePlace } from '../../src/graph/properties.ts';
import { BETWEEN_CLAIMS, BETWEEN_FIELDS } from '../../src/graph/statements/write.ts';

describe('a piece of evidence', () => {
  it('is read as it was written', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', '\u001e', '\u001f', ',', 'a,', ',,', '"', ',"', '\\', '"]', '\\","', 'cdn.example'),
    );
    const arbitraryEvidence = fc.record({ observedAt: fc.integer(), document: text, record: text, host: text });
    const ends = {
      subject: { kind: 'domain', name: 'a.example' },
      object: { kind: 'domain', name: 'b.example' },
    } as const;
    const key = { kind: 'USES', source: 'crawler', service: 'DNS', ...ends } as const;
    fc.assert(
      fc.property(arbitraryEvidence, (evidence) => {
        const values = claimValues('b.example', key, { ...NO_CLAIM, evidence: [evidence] });
        expect((values[3] as string[]).map(decodeEvidence)).toEqual([evidence]);
        expect(decodeEvidence(encodeDocument(evidence) + encodePlace(evidence))).toEqual(evidence);
        for (const between of [BETWEEN_CLAIMS, BETWEEN_FIELDS]) expect(encodePlace(evidence)).not.toContain(between);
      }),
    );
  });
});

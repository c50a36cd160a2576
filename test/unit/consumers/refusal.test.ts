import { describe, expect, it } from 'vitest';
import { quote, refuse } from '../../../consumers/refusal.ts';

describe('refusals', () => {
  it('are bounded and printable, whatever the reason quotes', () => {
    const { reason } = refuse('UNKNOWN_TYPE', 'a.jsonl line 1', `Unknown \u001b[31m${'x'.repeat(10_000)}`);
    expect(reason.length).toBeLessThan(420);
    expect(reason).toContain('\\u{1b}');
  });

  it('quote at most 80 characters of the input', () => {
    expect(quote('a\nb')).toBe('"a\\u{a}b"');
    expect(quote('y'.repeat(1_000_000))).toBe(`"${'y'.repeat(80)}…"`);
  });
});

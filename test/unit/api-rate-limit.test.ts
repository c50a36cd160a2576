import { describe, expect, it } from 'vitest';
import { createRateLimit } from '../../src/api/rate-limit.ts';

describe('what a tenant may ask for', () => {
  const at = (costPerMinute: number | undefined) => {
    const clock = { now: 0 };
    return { clock, limit: createRateLimit(costPerMinute, () => clock.now) };
  };

  it('is a minute at once, and then as much as the time brings', () => {
    const { clock, limit } = at(600);
    limit.take('a', 600);
    expect(() => limit.take('a', 1)).toThrow(
      expect.objectContaining({ code: 'RATE_LIMITED', details: { retryAfter: 1 } }),
    );
    expect(() => limit.take('a', 100)).toThrow(expect.objectContaining({ details: { retryAfter: 10 } }));
    clock.now += 10_000;
    limit.take('a', 100);
    expect(() => limit.take('a', 1)).toThrow();
  });

  it('is not made less by what is refused, nor more by waiting longer than a minute', () => {
    const { clock, limit } = at(600);
    limit.take('a', 500);
    expect(() => limit.take('a', 101)).toThrow();
    limit.take('a', 100);
    clock.now += 3_600_000;
    limit.take('a', 600);
    expect(() => limit.take('a', 1)).toThrow();
  });

  it('is its own: what others ask for takes nothing of it', () => {
    const { limit } = at(600);
    limit.take('a', 600);
    limit.take('b', 600);
    expect(() => limit.take('a', 1)).toThrow();
  });

  it('is unbounded where no limit is set', () => {
    const { limit } = at(undefined);
    for (let i = 0; i < 100; i++) limit.take('a', 1e9);
  });
});

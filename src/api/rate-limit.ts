import { LRUCache } from 'lru-cache';
import { AppError } from '../errors.ts';

/** Tenants whose buckets are kept; one that is forgotten has a full one. */
const MOST_TENANTS = 10_000;
const MINUTE = 60_000;

interface Bucket {
  readonly level: number;
  /** When it was at that level, ms since 1970. */
  readonly at: number;
}

/** What each tenant may ask for: a bucket that holds what may be asked for in a minute, and fills up evenly. */
export interface RateLimit {
  /**
   * Takes what a request costs, in items.
   * @throws AppError RATE_LIMITED whose `details.retryAfter` says in how many seconds there will be enough
   */
  take(tenant: string, cost: number): void;
}

/** `costPerMinute`: undefined for no limit. */
export function createRateLimit(costPerMinute: number | undefined, clock: () => number = Date.now): RateLimit {
  const buckets = new LRUCache<string, Bucket>({ max: MOST_TENANTS });
  return {
    take(tenant, cost) {
      if (costPerMinute === undefined) return;
      const now = clock();
      const { level, at } = buckets.get(tenant) ?? { level: costPerMinute, at: now };
      const full = Math.min(costPerMinute, level + (Math.max(0, now - at) / MINUTE) * costPerMinute);
      if (full < cost) {
        const retryAfter = Math.ceil(((cost - full) / costPerMinute) * (MINUTE / 1000));
        const message = `More than ${costPerMinute} items a minute are asked for. In ${retryAfter} s there is room.`;
        throw new AppError('RATE_LIMITED', message, { retryAfter });
      }
      buckets.set(tenant, { level: full - cost, at: now });
    },
  };
}

import type { GraphAction, Reference, SightUse, StateUse } from '../../src/graph/actions.ts';
import type { Service } from '../../src/identity/service.ts';
import { complete, dismiss, name, own, same, sight, stateUse } from './facts.ts';

/**
 * A world that goes on for ever: some hundreds of sites and organizations whose claims, owners, merges, names, complete
 * observations and withdrawals meet again and again. A few vendors have most of the dependents.
 */

const DAY = 86_400_000;
const SITES = 600;
/** Merges stay within so many organizations, so that they don't all become one. */
const FAMILY = 4;
const ORGANIZATIONS = 40;
const SERVICES: readonly Service[] = ['DNS', 'CDN', 'MAIL', 'ANALYTICS'];
const CRAWLERS = ['zdns', 'webdep', 'page-crawler'] as const;
const PARTNERS = ['partner', 'analyst', 'imc2020'] as const;
/** Uses that may be dismissed: few, so that each is dismissed again and again. */
const CLAIMS = 300;
const CONFIDENCES = [0.25, 0.5, 0.75, 1];
const NAMES = ['Acme', 'acme', 'Bolt', 'Ørsted', 'ﬁn', 'Zeta 1', '\u{1f600}'];

const nameOf = (end: Reference): string => (end.kind === 'domain' ? end.name : end.key);
const site = (n: number): string => `site-${n}.example`;
const organization = (n: number): string => `${PARTNERS[n % PARTNERS.length]}:org ${n}`;

/** The keys of all organizations that there can be. */
export const MANY_KEYS: readonly string[] = [
  ...Array.from({ length: SITES }, (_, n) => `domain:${site(n)}`),
  ...Array.from({ length: ORGANIZATIONS }, (_, n) => organization(n)),
];

/** Gives the next action for a clock that stands at `now`; some of them begin to hold only later. */
export function manyActions(random: () => number): (now: number) => GraphAction {
  const below = (count: number): number => Math.floor(random() * count);
  const oneOf = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  // Two of three lead to one of the first few.
  const vendor = (): string => {
    const n = Math.floor(random() ** 3 * (SITES / 2));
    return random() < 0.25 ? organization(n % ORGANIZATIONS) : site(n);
  };
  const subject = (): string => (random() < 0.1 ? organization(below(ORGANIZATIONS)) : site(below(SITES)));
  const measured = () => (random() < 0.3 ? { critical: random() < 0.5 } : {});
  const times = new Set<number>();
  /** A time that no other statement has, mostly of the last weeks. */
  const time = (now: number): number => {
    for (;;) {
      const at = now + Math.floor((random() - 0.9) * 20 * DAY);
      if (times.has(at)) continue;
      times.add(at);
      return at;
    }
  };

  const sighting = (now: number) =>
    sight(oneOf(CRAWLERS), subject(), oneOf(SERVICES), vendor(), now - below(40) * DAY, {
      confidence: oneOf(CONFIDENCES),
      ...measured(),
    });
  const statement = (now: number) =>
    stateUse(oneOf(PARTNERS), subject(), oneOf(SERVICES), vendor(), time(now), {
      confidence: oneOf(CONFIDENCES),
      retracted: random() < 0.35,
      ...measured(),
    });
  /** What was said to be used a while ago: most others say nothing of what is claimed. */
  const claims: (readonly [string, Service, string])[] = [];
  const claimed = <T extends SightUse | StateUse>(use: T): T => {
    claims[below(CLAIMS)] = [nameOf(use.subject), use.service, nameOf(use.object)];
    return use;
  };
  const dismissal = (now: number) => {
    const [site, service, object] = oneOf(claims.filter(Boolean)) ?? [subject(), oneOf(SERVICES), vendor()];
    return dismiss('analyst', site, service, object, time(now), { retracted: random() < 0.4 });
  };
  const ownership = (now: number) =>
    own(oneOf(PARTNERS), site(3 * below(SITES / 3)), organization(below(ORGANIZATIONS)), time(now), {
      retracted: random() < 0.4,
    });
  const merge = (now: number) => {
    const family = below(ORGANIZATIONS / FAMILY) * FAMILY;
    const [a, step] = [below(FAMILY), 1 + below(FAMILY - 1)];
    return same('analyst', organization(family + a), organization(family + ((a + step) % FAMILY)), time(now), {
      retracted: random() < 0.6,
    });
  };
  const completion = (now: number) =>
    complete(oneOf(CRAWLERS), site(below(SITES)), oneOf(SERVICES), now - below(30) * DAY);
  const naming = (now: number) => name(organization(below(ORGANIZATIONS)), oneOf(NAMES), now - below(5) * DAY);
  const withdrawal = (now: number): GraphAction => ({
    type: 'withdraw-source',
    source: oneOf([...CRAWLERS, ...PARTNERS]),
    before: now - (30 + below(60)) * DAY,
    reason: 'a bad delivery',
  });

  return (now) => {
    const which = random();
    if (which < 0.44) return claimed(sighting(now));
    if (which < 0.68) return claimed(statement(now));
    if (which < 0.72) return dismissal(now);
    if (which < 0.82) return ownership(now);
    if (which < 0.88) return merge(now);
    if (which < 0.96) return completion(now);
    return which < 0.9995 ? naming(now) : withdrawal(now);
  };
}

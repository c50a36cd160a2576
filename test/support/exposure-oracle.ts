import type { GraphAction, Reference } from '../../src/graph/actions.ts';
import { type Service, SOLE_PROVIDER_CRITICAL } from '../../src/identity/service.ts';
import { declaredSources } from './facts.ts';

/**
 * What follows from the facts, written down as plainly as possible and without a database: what every engine must
 * agree with. It knows sightings, statements, dismissals, complete observations, withdrawals, one owner a domain and
 * merges.
 */

const DAY = 86_400_000;

export interface OracleDependency {
  readonly vendor: string;
  readonly services: readonly { service: Service; critical: boolean; confidence: number; claims: number }[];
  readonly confidence: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly stale: boolean;
  readonly status: string;
}

interface ClaimFacts {
  readonly source: string;
  readonly subject: Reference;
  readonly object: Reference;
  readonly service: Service;
  readonly sighted: { time: number; confidence: number }[];
  readonly asserted: { time: number; confidence: number }[];
  readonly retracted: number[];
  readonly measured: { day: number; critical: boolean }[];
}

interface DismissalFacts {
  readonly source: string;
  readonly asserted: number[];
  readonly retracted: number[];
}

const dayOf = (time: number): number => Math.floor(time / DAY);

export class ExposureOracle {
  readonly #claims = new Map<string, ClaimFacts>();
  /** By what is dismissed, then by source. */
  readonly #dismissals = new Map<string, Map<string, DismissalFacts>>();
  readonly #complete = new Map<string, number>();
  readonly #withdrawn = new Map<string, number>();
  readonly #owners = new Map<string, string>();
  readonly #merges = new Map<string, { a: string; b: string; time: number; retracted: boolean }>();
  readonly #ends = new Set<string>();

  constructor(actions: readonly GraphAction[]) {
    for (const action of actions) {
      this.#read(action);
    }
  }

  #read(action: GraphAction): void {
    switch (action.type) {
      case 'sight-use': {
        const time = dayOf(action.evidence.observedAt) * DAY;
        this.#claim(action).sighted.push({ time, confidence: action.confidence });
        this.#measure(action, time);
        break;
      }
      case 'state-use':
        if (action.retracted) {
          this.#claim(action).retracted.push(action.time);
        } else {
          this.#claim(action).asserted.push({ time: action.time, confidence: action.confidence });
          this.#measure(action, action.time);
        }
        break;
      case 'dismiss-use': {
        const { source, time, retracted } = action;
        const bySource = this.#dismissals.get(keyOfUse(action)) ?? new Map<string, DismissalFacts>();
        const held = bySource.get(source) ?? { source, asserted: [], retracted: [] };
        (retracted ? held.retracted : held.asserted).push(time);
        this.#dismissals.set(keyOfUse(action), bySource.set(source, held));
        break;
      }
      case 'complete-observation': {
        const id = `${action.source} ${action.domain} ${action.service}`;
        this.#complete.set(id, Math.max(action.day * DAY, this.#complete.get(id) ?? 0));
        break;
      }
      case 'withdraw-source':
        this.#withdrawn.set(action.source, action.before);
        break;
      case 'state-ownership':
        this.#owners.set(action.domain, action.organization);
        break;
      case 'state-same-as': {
        const [a, b] = [...action.organizations].sort() as [string, string];
        const held = this.#merges.get(`${a} ${b}`);
        if (held === undefined || action.time > held.time) {
          this.#merges.set(`${a} ${b}`, { a, b, time: action.time, retracted: action.retracted });
        }
        break;
      }
      default:
        throw new Error(`The oracle does not know ${action.type}.`);
    }
  }

  #claim(action: { source: string; subject: Reference; object: Reference; service: Service }): ClaimFacts {
    const { source, subject, object, service } = action;
    this.#ends.add(JSON.stringify(subject)).add(JSON.stringify(object));
    const id = JSON.stringify([source, subject, object, service]);
    const held = this.#claims.get(id) ?? {
      source,
      subject,
      object,
      service,
      sighted: [],
      asserted: [],
      retracted: [],
      measured: [],
    };
    this.#claims.set(id, held);
    return held;
  }

  #measure(
    action: { source: string; subject: Reference; object: Reference; service: Service; critical?: boolean },
    time: number,
  ): void {
    if (action.critical !== undefined) {
      this.#claim(action).measured.push({ day: dayOf(time), critical: action.critical });
    }
  }

  canonical(key: string): string {
    const component = new Set([key]);
    for (let size = 0; size < component.size; ) {
      size = component.size;
      for (const { a, b, retracted } of this.#merges.values()) {
        if (!retracted && (component.has(a) || component.has(b))) {
          component.add(a).add(b);
        }
      }
    }
    return [...component].sort()[0] ?? key;
  }

  ownerOf(end: Reference): string {
    if (end.kind === 'organization') {
      return this.canonical(end.key);
    }
    const owner = this.#owners.get(end.name);
    return owner === undefined ? `domain:${end.name}` : this.canonical(owner);
  }

  /** Every organization that is an end of a claim. */
  organizations(): string[] {
    return [...new Set([...this.#ends].map((end) => this.ownerOf(JSON.parse(end) as Reference)))].sort();
  }

  #isDismissed(claim: ClaimFacts, at: number): boolean {
    return [...(this.#dismissals.get(keyOfUse(claim))?.values() ?? [])].some(({ source, asserted, retracted }) => {
      const isWithdrawn = Math.max(...asserted) < (this.#withdrawn.get(source) ?? Number.NEGATIVE_INFINITY);
      return asserted.some((time) => time <= at) && stands(asserted, retracted, at) && !isWithdrawn;
    });
  }

  #judge(claim: ClaimFacts, at: number) {
    const { source, subject, service, sighted, asserted, retracted, measured } = claim;
    const times = [...sighted, ...asserted].map(({ time }) => time);
    const firstSeen = Math.min(...times);
    const lastSeen = Math.max(...times);
    const assertion = asserted.reduce((a, b) => (b.time > a.time ? b : a), {
      time: Number.NEGATIVE_INFINITY,
      confidence: 0,
    });
    const isStated = stands(
      asserted.map(({ time }) => time),
      retracted,
      at,
    );
    const complete = subject.kind === 'domain' ? this.#complete.get(`${source} ${subject.name} ${service}`) : undefined;
    const isClaimed =
      times.length > 0 &&
      firstSeen <= at &&
      (sighted.length > 0 || isStated) &&
      (complete === undefined || complete > at || lastSeen >= complete) &&
      lastSeen >= (this.#withdrawn.get(source) ?? Number.NEGATIVE_INFINITY);
    const { prior, freshDays } = declaredSources.get(source) ?? { prior: 0, freshDays: 1 };
    const age = Math.max(0, dayOf(at) - dayOf(lastSeen));
    const stated = Math.max(0, ...sighted.map((s) => s.confidence), ...(isStated ? [assertion.confidence] : []));
    const newest = [...measured].sort((a, b) => b.day - a.day || Number(b.critical) - Number(a.critical))[0];
    return {
      claim,
      isClaimed,
      isDismissed: this.#isDismissed(claim, at),
      isStated,
      firstSeen,
      lastSeen,
      isFresh: age < freshDays,
      weight: prior * stated * 2 ** -Math.floor(age / freshDays),
      newest,
      vendor: this.ownerOf(claim.object),
    };
  }

  dependenciesOf(key: string, at: number): OracleDependency[] {
    return this.#dependenciesBy(key, at, false);
  }

  /** Vendors all of whose claims are dismissed. */
  dismissedOf(key: string, at: number): OracleDependency[] {
    const counting = new Set(this.dependenciesOf(key, at).map(({ vendor }) => vendor));
    return this.#dependenciesBy(key, at, true)
      .filter(({ vendor }) => !counting.has(vendor))
      .map(({ services, ...rest }) => ({
        ...rest,
        services: services.map((use) => ({ ...use, critical: false })),
        status: 'DISMISSED',
      }));
  }

  #dependenciesBy(key: string, at: number, dismissed: boolean): OracleDependency[] {
    const judged = [...this.#claims.values()]
      .filter(({ subject }) => this.ownerOf(subject) === key)
      .map((claim) => this.#judge(claim, at))
      .filter(({ isClaimed, isDismissed }) => isClaimed && isDismissed === dismissed);
    type Judged = (typeof judged)[number];

    const confidence = (claims: readonly Judged[]): number => {
      const sources = [...new Set(claims.map(({ claim }) => claim.source))].sort();
      const strongest = (id: string) =>
        Math.max(...claims.filter(({ claim }) => claim.source === id).map(({ weight }) => weight));
      return 1 - sources.reduce((doubt, id) => doubt * (1 - strongest(id)), 1);
    };

    const isCritical = (vendor: string, service: Service): boolean => {
      const subjects = new Set(judged.map(({ claim }) => JSON.stringify(claim.subject)));
      return [...subjects].some((subject) => {
        const all = judged.filter((j) => j.claim.service === service && JSON.stringify(j.claim.subject) === subject);
        const counted = all.some((j) => j.isFresh) ? all.filter((j) => j.isFresh) : all;
        const toVendor = counted.filter((j) => j.vendor === vendor);
        if (toVendor.length === 0) {
          return false;
        }
        const newest = toVendor
          .flatMap((j) => (j.newest === undefined ? [] : [j.newest]))
          .sort((a, b) => b.day - a.day || Number(b.critical) - Number(a.critical))[0];
        return newest?.critical ?? (SOLE_PROVIDER_CRITICAL.has(service) && counted.every((j) => j.vendor === vendor));
      });
    };

    const vendors = [...new Set(judged.map(({ vendor }) => vendor))].filter((vendor) => vendor !== key).sort();
    return vendors.map((vendor) => {
      const claims = judged.filter((j) => j.vendor === vendor);
      const services = [...new Set(claims.map(({ claim }) => claim.service))].sort();
      return {
        vendor,
        services: services.map((service) => {
          const used = claims.filter(({ claim }) => claim.service === service);
          return { service, critical: isCritical(vendor, service), confidence: confidence(used), claims: used.length };
        }),
        confidence: confidence(claims),
        firstSeen: Math.min(...claims.map((j) => j.firstSeen)),
        lastSeen: Math.max(...claims.map((j) => j.lastSeen)),
        stale: claims.every((j) => !j.isFresh),
        status: claims.some(({ claim }) => claim.source === 'analyst')
          ? 'CONFIRMED'
          : claims.some(({ isStated }) => isStated)
            ? 'STATED'
            : 'OBSERVED',
      };
    });
  }

  /** Every path of distinct organizations, by length, then by keys, found by trying all. */
  paths(
    from: string,
    to: string,
    maxHops: number,
    at: number,
    filter: { service?: Service; criticalOnly?: boolean },
  ): string[][] {
    const found: string[][] = [];
    const { service, criticalOnly } = filter;
    const walk = (path: string[]): void => {
      for (const dependency of this.dependenciesOf(path.at(-1) ?? from, at)) {
        const uses = dependency.services.filter((use) => criticalOnly !== true || use.critical);
        if (dependency.vendor === to) {
          if (uses.some((use) => service === undefined || use.service === service)) {
            found.push([...path, to]);
          }
        } else if (uses.length > 0 && path.length < maxHops && !path.includes(dependency.vendor)) {
          walk([...path, dependency.vendor]);
        }
      }
    };
    if (from !== to) {
      walk([from]);
    }
    return found.sort((a, b) => a.length - b.length || (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
}

const keyOfUse = ({ subject, service, object }: Pick<ClaimFacts, 'subject' | 'service' | 'object'>): string =>
  JSON.stringify([subject, service, object]);

/** Whether what was asserted and retracted at these times is asserted as of `at`: only the newest of each is known. */
function stands(asserted: readonly number[], retracted: readonly number[], at: number): boolean {
  const assertion = Math.max(Number.NEGATIVE_INFINITY, ...asserted);
  const retraction = Math.max(Number.NEGATIVE_INFINITY, ...retracted);
  const isTakenBack = retraction <= at && !(retraction < assertion && assertion <= at);
  return asserted.length > 0 && !(retracted.length > 0 && isTakenBack);
}

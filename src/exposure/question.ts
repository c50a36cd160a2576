import type { Service } from '../identity/service.ts';
import { mostWithin } from '../queries/share.ts';
import { type Facts, serviceNumber } from './facts.ts';
import type { Hops } from './hops.ts';
import type { Present } from './present.ts';
import type { VendorCounts } from './vendor-counts.ts';
import type { View } from './view.ts';
import type { Work } from './work.ts';

/** What a question is asked of: the facts as they are at one instant. */
export class Asked {
  readonly present: Present;
  readonly at: number;
  readonly isPresent: boolean;
  #view: View | undefined;

  /** `isPresent`: whether what follows at that instant is what follows at present. */
  constructor(present: Present, at: number, isPresent: boolean) {
    this.present = present;
    this.at = at;
    this.isPresent = isPresent;
  }

  get facts(): Facts {
    return this.present.facts;
  }

  /** What follows from the facts; of another instant it is made when it is first looked at. */
  get view(): View {
    this.#view ??= this.isPresent ? this.present.view : this.present.exactly(this.at);
    return this.#view;
  }
}

/** The organization that stands today for a key, or undefined where no fact speaks of it. */
export function holderOf({ facts }: Asked, key: string): number | undefined {
  const node = facts.nodes.find(key);
  return node === undefined ? undefined : facts.nodes.holder[node];
}

/** The organization with this key where it stands for itself: what became part of another one has nothing of its own. */
export function ownHolder(asked: Asked, key: string): number | undefined {
  const node = asked.facts.nodes.find(key);
  return node !== undefined && holderOf(asked, key) === node ? node : undefined;
}

export const numberOf = (service: Service | undefined): number => (service === undefined ? -1 : serviceNumber(service));

export function countsOf({ present, at, isPresent }: Asked, service: number): Work<VendorCounts> {
  return isPresent ? present.countsOf(service) : present.countsAt(at, service);
}

export interface HopArgs {
  readonly service?: Service | undefined;
  readonly criticalOnly?: boolean | undefined;
  readonly maxShare?: number | undefined;
}

/** Which hops count. Vendors on which more than `maxShare` of all dependents depend are left out, but for the ends. */
export function* hopsOf(asked: Asked, args: HopArgs, ends: readonly number[]): Work<Hops> {
  const { service, criticalOnly = false, maxShare } = args;
  const hops = { service: numberOf(service), criticalOnly };
  if (maxShare === undefined) return hops;
  const { direct, dependentTotal } = yield* countsOf(asked, -1);
  const avoided = new Uint8Array(asked.facts.nodes.count);
  const most = mostWithin(maxShare, dependentTotal);
  for (let node = 0; node < avoided.length; node++) if ((direct[node] ?? 0) > most) avoided[node] = 1;
  for (const end of ends) avoided[end] = 0;
  return { ...hops, avoided };
}

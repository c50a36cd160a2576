import type { Service } from '../identity/service.ts';
import { mostWithin } from '../queries/share.ts';
import { serviceNumber } from './facts.ts';
import type { Hops } from './hops.ts';
import type { Present } from './present.ts';
import { VendorCounts } from './vendor-counts.ts';
import type { View } from './view.ts';
import type { Work } from './work.ts';

/** What a question is asked of: the facts as they are at one instant. */
export interface Asked {
  readonly present: Present;
  readonly view: View;
}

export const isPresent = ({ present, view }: Asked): boolean => view === present.view;

/** The organization that stands today for a key, or undefined where no fact speaks of it. */
export function holderOf({ view }: Asked, key: string): number | undefined {
  const node = view.facts.nodes.find(key);
  return node === undefined ? undefined : view.facts.nodes.holder[node];
}

/** The organization with this key where it stands for itself: what became part of another one has nothing of its own. */
export function ownHolder(asked: Asked, key: string): number | undefined {
  const node = asked.view.facts.nodes.find(key);
  return node !== undefined && holderOf(asked, key) === node ? node : undefined;
}

export const numberOf = (service: Service | undefined): number => (service === undefined ? -1 : serviceNumber(service));

export function* countsOf(asked: Asked, service: number): Work<VendorCounts> {
  if (isPresent(asked)) return yield* asked.present.countsOf(service);
  const counts = new VendorCounts(asked.view, service);
  yield* counts.build();
  return counts;
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
  const avoided = new Uint8Array(asked.view.facts.nodes.count);
  const most = mostWithin(maxShare, dependentTotal);
  for (let node = 0; node < avoided.length; node++) if ((direct[node] ?? 0) > most) avoided[node] = 1;
  for (const end of ends) avoided[end] = 0;
  return { ...hops, avoided };
}

import { CRITICAL, IN_FORCE } from './view.ts';

/** Which hops count. `service` is a number, −1 for any; it is asked of the hop into the vendor only. */
export interface Hops {
  readonly service: number;
  readonly criticalOnly: boolean;
  /** Left out of every way: 1 for each such holder. */
  readonly avoided?: Uint8Array | undefined;
}

export interface Reach {
  /** Holders at distance 1, then 2, …, each once. */
  readonly reached: Int32Array;
  /** `reached` ends with distance `i` before `ends[i]`; `ends[0]` is 0. */
  readonly ends: readonly number[];
}

/** A claim's flags that a hop needs. */
export const neededFor = ({ criticalOnly }: Hops): number => (criticalOnly ? IN_FORCE | CRITICAL : IN_FORCE);

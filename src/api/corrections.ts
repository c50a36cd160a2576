import type { Reference } from '../graph/actions.ts';
import type { DecisionKey } from '../queries/decision.ts';

/** Who corrects the graph, when and why. */
export interface CorrectedBy {
  readonly author: string;
  readonly reason: string;
  /** Milliseconds since 1970, UTC. */
  readonly time: number;
}

/** How analysts correct the graph: by events, which this API only asks for. */
export interface Corrections {
  /** The decisions by which whoever is behind these two becomes one. */
  mergeOf(a: Reference, b: Reference): readonly DecisionKey[];
  /**
   * Decides so, or takes it back. Returns when that is in the graph.
   * @throws AppError CHANGE_PENDING where that takes long, STREAM_UNAVAILABLE where the stream took no event
   */
  submit(decision: DecisionKey, by: CorrectedBy, withdrawn: boolean): Promise<void>;
}

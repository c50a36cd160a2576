import type { PortfolioChange } from '../graph/actions.ts';
import type { PortfolioName } from '../queries/portfolio.ts';

/** How portfolios are changed: by events, which this API only asks for. */
export interface PortfolioChanges {
  /**
   * Returns when the change is in the graph. `time`: milliseconds since 1970, UTC.
   * @throws AppError CHANGE_PENDING where that takes long, STREAM_UNAVAILABLE where the stream took no event
   */
  submit(name: PortfolioName, change: PortfolioChange, time: number): Promise<void>;
  /** The domains in a CSV text, and of each line that names none, why. */
  readDomains(csv: string): ReadDomains;
}

export interface ReadDomains {
  readonly domains: readonly string[];
  /** Lines that name a domain, or should. */
  readonly lines: number;
  /** Lines whose domain an earlier one has named. */
  readonly repeated: number;
  readonly refused: readonly { readonly line: number; readonly code: string; readonly reason: string }[];
}

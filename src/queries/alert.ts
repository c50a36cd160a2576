import { type Driver, integer } from '../graph/driver.ts';
import { portfolioKey } from '../graph/portfolio-state.ts';
import { type AlertRow, alertById, alertsAfter, alertsBefore, lastAlert } from '../graph/statements/alert.ts';
import { cursorKey, toPage } from './page.ts';
import type { PortfolioName } from './portfolio.ts';
import { createReader, type Reader } from './reader.ts';
import type { Page, PageRequest } from './types.ts';

/** A portfolio was warned of an incident. */
export interface Alert {
  /** Of tenant, portfolio and incident. */
  readonly id: string;
  readonly portfolio: PortfolioName;
  /** `<source>:<id>`. */
  readonly incident: string;
  /** Counts the alerts of a portfolio, from 1. */
  readonly sequence: number;
  /** Milliseconds since 1970, UTC. */
  readonly raisedAt: number;
  /** Organizations that the portfolio followed then, and that were hit themselves or by way of others. */
  readonly exposed: number;
  /** How some of them were: keys of organizations, from one that is followed to one that is affected. */
  readonly paths: readonly (readonly string[])[];
}

/** @throws (each question) AppError QUERY_TIMEOUT, DATABASE_UNAVAILABLE, BAD_CURSOR */
export interface AlertQueries {
  /** The same questions, given up at `deadline` (ms since 1970), and when `signal` aborts. */
  within(deadline: number, signal?: AbortSignal): AlertQueries;
  /** Undefined where the tenant has no such alert. */
  alert(tenant: string, id: string): Promise<Alert | undefined>;
  /** A portfolio's alerts, the newest first. */
  alerts(name: PortfolioName, page: PageRequest): Promise<Page<Alert>>;
  /** Those after that one, in the order in which they were raised; at most `limit`. */
  alertsAfter(name: PortfolioName, sequence: number, limit: number): Promise<Alert[]>;
  /** The number of the newest; 0 where there is none. */
  lastAlert(name: PortfolioName): Promise<number>;
}

const TIMEOUT_MS = 30_000;

/** @example createAlertQueries({ driver }).alertsAfter({ tenant: 'acme', id }, 0, 100) */
export function createAlertQueries({ driver }: { readonly driver: Driver }): AlertQueries {
  return bind(createReader({ driver, timeout: TIMEOUT_MS }));
}

const keyOf = ({ tenant, id }: PortfolioName): string => portfolioKey(tenant, id);

function bind(reader: Reader): AlertQueries {
  return {
    within: (deadline, signal) => bind(reader.within(deadline, signal)),
    async alert(tenant, id) {
      const [row] = await reader.read(alertById, { id });
      const slash = row?.portfolio.lastIndexOf('/') ?? 0;
      if (row === undefined || row.portfolio.slice(0, slash) !== tenant) return undefined;
      return toAlert({ tenant, id: row.portfolio.slice(slash + 1) })(row);
    },
    async alerts(name, page) {
      const [before = Number.MAX_SAFE_INTEGER] = cursorKey(page, 'number') ?? [];
      const limit = integer(page.first + 1);
      const rows = await reader.read(alertsBefore, { portfolio: keyOf(name), before: integer(before), limit });
      return toPage(rows, page, toAlert(name), ({ sequence }) => [sequence]);
    },
    async alertsAfter(name, sequence, limit) {
      const after = integer(sequence);
      const rows = await reader.read(alertsAfter, { portfolio: keyOf(name), after, limit: integer(limit) });
      return rows.map(toAlert(name));
    },
    async lastAlert(name) {
      const [row] = await reader.read(lastAlert, { portfolio: keyOf(name) });
      return row?.sequence ?? 0;
    },
  };
}

function toAlert({ tenant, id }: PortfolioName) {
  return ({ paths, ...row }: AlertRow): Alert => ({
    ...row,
    portfolio: { tenant, id },
    paths: paths.map((path) => JSON.parse(path) as string[]),
  });
}

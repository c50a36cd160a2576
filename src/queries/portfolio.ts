import type { Reference } from '../graph/actions.ts';
import { type Driver, integer } from '../graph/driver.ts';
import { portfolioKey } from '../graph/portfolio-state.ts';
import {
  countFollowings,
  type FollowingRow,
  followingsOf,
  memberPage,
  membersOf,
  type PortfolioRow,
  portfoliosByKey,
  portfoliosOf,
} from '../graph/statements/portfolio.ts';
import { toOrganization } from './organization.ts';
import { cursorKey, toPage } from './page.ts';
import { createReader, type Reader } from './reader.ts';
import type { Organization, Page, PageRequest, Scope } from './types.ts';

/** What a customer follows. Times are milliseconds since 1970 in UTC. */
export interface Portfolio {
  /** Unique within the tenant. */
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  /** Hops over which it is warned of incidents. */
  readonly alertDepth: number;
  readonly createdAt: number;
  readonly changedAt: number;
}

/** Something that is followed, as it was named. */
export interface Following {
  readonly reference: Reference;
  /** When that was said last. */
  readonly since: number;
}

/** Which portfolio; nobody finds one without the tenant that it belongs to. */
export type PortfolioName = Pick<Portfolio, 'tenant' | 'id'>;

/**
 * Questions about portfolios. They are no part of `ExposureQueries`: no second engine answers them.
 * @throws (each question) AppError QUERY_TIMEOUT, DATABASE_UNAVAILABLE, BAD_CURSOR
 */
export interface PortfolioQueries {
  /** The same questions, given up at `deadline` (ms since 1970), and when `signal` aborts. */
  within(deadline: number, signal?: AbortSignal): PortfolioQueries;
  /** Undefined where the tenant has no such portfolio, or has deleted it. */
  portfolio(name: PortfolioName): Promise<Portfolio | undefined>;
  /** A tenant's portfolios, by name. */
  portfolios(tenant: string, page: PageRequest): Promise<Page<Portfolio>>;
  /** Domains, then organizations, each by name. */
  followed(name: PortfolioName, page: PageRequest): Promise<Page<Following>>;
  followedTotal(name: PortfolioName): Promise<number>;
  /** What stands today for what is followed, each once, by key; what the graph does not know is left out. */
  organizations(name: PortfolioName, page: PageRequest): Promise<Page<Organization>>;
  /** All of these, as a scope. */
  scope(name: PortfolioName): Promise<Scope>;
}

export interface PortfolioQueriesDeps {
  readonly driver: Driver;
  /** Milliseconds that one statement may take. */
  readonly timeout?: number;
  /** Told the name of each statement before it is run. */
  readonly onStatement?: (name: string) => void;
}

const TIMEOUT_MS = 30_000;

/** @example createPortfolioQueries({ driver }).portfolios('acme', { first: 50, at: Date.now() }) */
export function createPortfolioQueries({
  driver,
  timeout = TIMEOUT_MS,
  onStatement,
}: PortfolioQueriesDeps): PortfolioQueries {
  return bind(createReader({ driver, timeout, onStatement }));
}

const keyOf = ({ tenant, id }: PortfolioName): string => portfolioKey(tenant, id);

function bind(reader: Reader): PortfolioQueries {
  return {
    within: (deadline, signal) => bind(reader.within(deadline, signal)),
    async portfolio(name) {
      const [row] = await reader.read(portfoliosByKey, { keys: [keyOf(name)] });
      return row && toPortfolio(row);
    },
    async portfolios(tenant, page) {
      const [afterName = '', afterId = ''] = cursorKey(page, 'string', 'string') ?? [];
      const rows = await reader.read(portfoliosOf, { tenant, afterName, afterId, limit: integer(page.first + 1) });
      return toPage(rows, page, toPortfolio, ({ name, id }) => [name, id]);
    },
    async followed(name, page) {
      const [afterKind = '', afterName = ''] = cursorKey(page, 'string', 'string') ?? [];
      const limit = integer(page.first + 1);
      const rows = await reader.read(followingsOf, { key: keyOf(name), afterKind, afterName, limit });
      return toPage(rows, page, toFollowing, ({ kind, name }) => [kind, name]);
    },
    async followedTotal(name) {
      const [row] = await reader.read(countFollowings, { keys: [keyOf(name)] });
      return row?.count ?? 0;
    },
    async organizations(name, page) {
      const [afterKey = ''] = cursorKey(page, 'string') ?? [];
      const rows = await reader
        .seenBy(name.tenant)
        .read(memberPage, { key: keyOf(name), afterKey, limit: integer(page.first + 1) });
      return toPage(
        rows,
        page,
        ({ member, name }) => toOrganization(member, name),
        ({ member }) => [member],
      );
    },
    async scope(name) {
      const rows = await reader.seenBy(name.tenant).read(membersOf, { key: keyOf(name) });
      return { organizations: rows.map(({ member }) => member), domains: [] };
    },
  };
}

function toPortfolio({ id, tenant, name, alertDepth, createdAt, changedAt }: PortfolioRow): Portfolio {
  return { id, tenant, name, alertDepth, createdAt, changedAt };
}

function toFollowing({ kind, name, since }: FollowingRow): Following {
  return { reference: kind === 'domain' ? { kind, name } : { kind, key: name }, since };
}

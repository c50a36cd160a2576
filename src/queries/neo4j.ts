import type { Sources } from '../governance/sources.ts';
import type { Driver } from '../graph/driver.ts';
import { createClaimQueries } from './claim.ts';
import { createConcentrationQueries } from './concentration.ts';
import { createQueryContext } from './context.ts';
import { createDependencyQueries } from './dependency.ts';
import { createDomainQueries } from './domain.ts';
import { createExposureQueries } from './exposure.ts';
import { createIncidentQueries } from './incident.ts';
import { createOrganizationQueries } from './organization.ts';
import { createReader, type Reader } from './reader.ts';
import { createSearchQueries } from './search.ts';
import { createSourceQueries } from './source.ts';
import type { ExposureQueries } from './types.ts';

/** Most that one statement may take. */
const TIMEOUT_MS = 30_000;

export interface Neo4jQueriesDeps {
  readonly driver: Driver;
  readonly sources: Sources;
  /** Milliseconds that one statement may take. */
  readonly timeout?: number;
  /** Told the name of each statement before it is run: what a question costs can be counted. */
  readonly onStatement?: (name: string) => void;
}

/**
 * The exposure questions, answered by Cypher over the facts.
 * @throws (each question) AppError QUERY_TIMEOUT, DATABASE_UNAVAILABLE, LIMIT_EXCEEDED, BAD_ARGUMENT, BAD_CURSOR
 * @example
 * const queries = createNeo4jQueries({ driver, sources });
 * const page = { first: 20, at: Date.now() };
 * const risk = await queries.concentrationRisk({ service: 'DNS', maxHops: 4 }, page);
 */
export function createNeo4jQueries({
  driver,
  sources,
  timeout = TIMEOUT_MS,
  onStatement,
}: Neo4jQueriesDeps): ExposureQueries {
  return bind(createReader({ driver, timeout, onStatement }), sources, undefined);
}

function bind(reader: Reader, sources: Sources, tenant: string | undefined): ExposureQueries {
  const context = createQueryContext(reader, sources, tenant);
  const organizations = createOrganizationQueries(context);
  const domains = createDomainQueries(context);
  return {
    within: (deadline, signal) => bind(reader.within(deadline, signal), sources, tenant),
    seenBy: (other) => bind(reader, sources, other),
    ...domains,
    ...organizations,
    ...createClaimQueries(context),
    ...createDependencyQueries(context, organizations),
    ...createExposureQueries(context, organizations),
    ...createConcentrationQueries(context, { ...organizations, ...domains }),
    ...createSearchQueries(context),
    ...createIncidentQueries(context),
    ...createSourceQueries(context),
  };
}

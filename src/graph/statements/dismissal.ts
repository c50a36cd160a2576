import { statement } from '../statement.ts';
import {
  IN_FORCE,
  IS_CLAIMED,
  IS_DISMISSED,
  type Judgement,
  nodesOf,
  organizationOf,
  owner,
  WITHDRAWN,
} from './deduction.ts';
import { type DependencyRow, dependenciesBy, dependenciesPage, dependencyTotals, LISTED, WHOLE } from './dependency.ts';

/** Vendors all of whose claims are dismissed. */
const DISMISSED = `CALL (key, withdrawn) {
  ${nodesOf('key', 's')}
  MATCH (s)-[r:USES]->(o) WHERE ${IN_FORCE}
  ${owner('o', 'ow')}
  RETURN collect(DISTINCT ${organizationOf('o', 'ow')}) AS counting
}
CALL (key, withdrawn, counting) {
  ${dependenciesBy(`${IS_CLAIMED} AND ${IS_DISMISSED}`)}
  WHERE NOT vendor IN counting`;

export const dismissedDependenciesOf = dependenciesPage(
  'dependency.dismissedDependenciesOf',
  `${DISMISSED} AND ${LISTED}`,
);
export const dismissedDependencyTotalsOf = dependencyTotals(
  'dependency.dismissedDependencyTotalsOf',
  `${DISMISSED} AND ${LISTED}`,
);

/** One of them by its two ends. */
export const dismissedDependency = statement<
  Judgement & { dependent: string; vendor: string },
  Omit<DependencyRow, 'sortValue'>
>(
  'dependency.dismissedDependency',
  `${WITHDRAWN}
WITH withdrawn, $dependent AS key
${DISMISSED} AND vendor = $vendor
${WHOLE}`,
);

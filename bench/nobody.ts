import { createAccess } from '../src/api/access.ts';
import { ANONYMOUS } from '../src/api/viewer.ts';
import type { Driver } from '../src/graph/driver.ts';
import { createCorrections } from '../src/main/corrections.ts';
import { createPortfolioChanges } from '../src/main/portfolio-changes.ts';
import { createAlertQueries } from '../src/queries/alert.ts';
import { createDecisionQueries } from '../src/queries/decision.ts';
import { createPortfolioQueries } from '../src/queries/portfolio.ts';

/** An API that everybody may ask, and of which nobody is a customer. */
export const forNobody = (driver: Driver) => ({
  portfolios: createPortfolioQueries({ driver }),
  alerts: createAlertQueries({ driver }),
  portfolioChanges: createPortfolioChanges(() => Promise.reject(new Error('no changes here'))),
  decisions: createDecisionQueries({ driver }),
  corrections: createCorrections(() => Promise.reject(new Error('no corrections here'))),
  access: createAccess({ anonymous: true }),
});

/** Who asks, and does not go before the answer. */
export const patient = () => ({ viewer: ANONYMOUS, signal: new AbortController().signal });

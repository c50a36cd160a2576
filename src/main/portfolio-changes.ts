import { readDomainList } from '../../consumers/portfolios/domain-list.ts';
import { portfolioEvent } from '../../consumers/portfolios/events.ts';
import type { PortfolioChanges } from '../api/portfolio-changes.ts';
import type { Submit } from './submit.ts';

/** Changes of portfolios as events on their topic. */
export function createPortfolioChanges(submit: Submit): PortfolioChanges {
  return {
    submit: ({ tenant, id }, change, time) => submit(portfolioEvent({ tenant, portfolio: id, time }, change)),
    readDomains: readDomainList,
  };
}

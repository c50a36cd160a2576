import type { ChangePortfolio, PortfolioChange } from '../../src/graph/actions.ts';
import type { PortfolioChanged } from '../../src/stream/generated/avd/portfolios/v1/portfolios_pb.ts';
import { type Envelope, fromReference, incomplete } from '../messages.ts';

/** A change of a portfolio. @throws AppError REFUSED where the message is incomplete */
export function mapPortfolioChanged(message: PortfolioChanged, { id: event }: Envelope): ChangePortfolio[] {
  const { tenant, portfolio, changedAt } = message;
  if (tenant === '') throw incomplete('tenant');
  if (portfolio === '' || portfolio.includes('/')) throw incomplete('portfolio');
  const change = fromMessage(message);
  return [{ type: 'change-portfolio', tenant, portfolio, time: Number(changedAt), event, change }];
}

function fromMessage({ change }: PortfolioChanged): PortfolioChange {
  switch (change.case) {
    case 'created':
      return { kind: 'created', name: change.value.name, alertDepth: change.value.alertDepth };
    case 'renamed':
      return { kind: 'renamed', name: change.value.name };
    case 'deleted':
      return { kind: 'deleted' };
    case 'alertDepthSet':
      return { kind: 'alert-depth-set', alertDepth: change.value.alertDepth };
    case 'followed':
    case 'unfollowed':
      return { kind: change.case, references: change.value.references.map(fromReference) };
    default:
      throw incomplete('change');
  }
}

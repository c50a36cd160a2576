import type { MessageInitShape } from '@bufbuild/protobuf';
import type { PortfolioChange } from '../../src/graph/actions.ts';
import { PortfolioChangedSchema } from '../../src/stream/generated/avd/portfolios/v1/portfolios_pb.ts';
import { TYPED_TOPICS } from '../../src/stream/topics.ts';
import { createEvent, type TypedEvent } from '../document.ts';
import { toReference } from '../messages.ts';

/** What a portfolio's events have as their source: they make no claim, so no source of claims is declared for them. */
export const CUSTOMER = 'customer';

/** Whose portfolio is changed, and when. */
export interface ChangedPortfolio {
  readonly tenant: string;
  readonly portfolio: string;
  /** Milliseconds since 1970, UTC. */
  readonly time: number;
}

/**
 * The event of one change. All events of a portfolio share a key, so that they have one writer.
 * @example portfolioEvent({ tenant: 'acme', portfolio: id, time }, { kind: 'renamed', name: 'Suppliers' })
 */
export function portfolioEvent({ tenant, portfolio, time }: ChangedPortfolio, change: PortfolioChange): TypedEvent {
  return createEvent({
    topic: TYPED_TOPICS.portfolioChanged,
    key: `${tenant}/${portfolio}`,
    schema: PortfolioChangedSchema,
    message: { tenant, portfolio, changedAt: BigInt(time), change: toMessage(change) },
    source: CUSTOMER,
    time,
  });
}

type ChangeMessage = NonNullable<MessageInitShape<typeof PortfolioChangedSchema>['change']>;

function toMessage(change: PortfolioChange): ChangeMessage {
  switch (change.kind) {
    case 'created':
      return { case: 'created', value: { name: change.name, alertDepth: change.alertDepth } };
    case 'renamed':
      return { case: 'renamed', value: { name: change.name } };
    case 'deleted':
      return { case: 'deleted', value: {} };
    case 'alert-depth-set':
      return { case: 'alertDepthSet', value: { alertDepth: change.alertDepth } };
    case 'followed':
    case 'unfollowed':
      return { case: change.kind, value: { references: change.references.map(toReference) } };
  }
}

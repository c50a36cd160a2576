import type { MessageInitShape } from '@bufbuild/protobuf';
import { ANALYST, type Reference } from '../../src/graph/actions.ts';
import type { Service } from '../../src/identity/service.ts';
import { DecisionMadeSchema } from '../../src/stream/generated/avd/decisions/v1/decisions_pb.ts';
import { DECISION_KEY, TYPED_TOPICS } from '../../src/stream/topics.ts';
import { createEvent, type TypedEvent } from '../document.ts';
import { toReference, toService } from '../messages.ts';

/** What is decided of two ends. */
export type Decided =
  | {
      readonly kind: 'CONFIRMED' | 'DISMISSED';
      readonly subject: Reference;
      readonly service: Service;
      readonly object: Reference;
    }
  | { readonly kind: 'MERGED'; readonly organizations: readonly [string, string] }
  | { readonly kind: 'OWNED'; readonly domain: string; readonly organization: string };

export interface DecidedBy {
  readonly author: string;
  readonly reason: string;
  /** Milliseconds since 1970, UTC. */
  readonly time: number;
  /** The decision is taken back. */
  readonly withdrawn: boolean;
}

/** @example decisionEvent({ kind: 'MERGED', organizations: ['partner:a', 'partner:b'] }, { author, reason, time, withdrawn: false }) */
export function decisionEvent(decided: Decided, { author, reason, time, withdrawn }: DecidedBy): TypedEvent {
  return createEvent({
    topic: TYPED_TOPICS.decisionMade,
    key: DECISION_KEY,
    schema: DecisionMadeSchema,
    message: { decision: toMessage(decided), author, reason, decidedAt: BigInt(time), withdrawn },
    source: ANALYST,
    time,
  });
}

type DecisionMessage = NonNullable<MessageInitShape<typeof DecisionMadeSchema>['decision']>;

function toMessage(decided: Decided): DecisionMessage {
  switch (decided.kind) {
    case 'CONFIRMED':
    case 'DISMISSED': {
      const ends = { subject: toReference(decided.subject), object: toReference(decided.object) };
      const value = { ...ends, service: toService(decided.service) };
      return { case: decided.kind === 'CONFIRMED' ? 'confirmed' : 'dismissed', value };
    }
    case 'MERGED': {
      const [a, b] = decided.organizations;
      return { case: 'merged', value: { a, b } };
    }
    case 'OWNED':
      return { case: 'owned', value: { domain: decided.domain, organization: decided.organization } };
  }
}

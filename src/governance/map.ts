import type { WithdrawSource } from '../graph/actions.ts';
import type { SourceWithdrawn } from '../stream/generated/avd/governance/v1/governance_pb.ts';

/** A source is withdrawn: the envelope's source is the one whose word no longer counts. */
export function mapSourceWithdrawn(message: SourceWithdrawn, envelope: { readonly source: string }): WithdrawSource[] {
  const { before, reason, tenant } = message;
  const whose = tenant === '' ? {} : { tenant };
  return [{ type: 'withdraw-source', source: envelope.source, before: Number(before), reason, ...whose }];
}

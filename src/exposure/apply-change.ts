import { fromBinary } from '@bufbuild/protobuf';
import { SERVICES } from '../identity/service.ts';
import {
  type ClaimChanged,
  ClaimChangedSchema,
  ClaimKind,
  type IdentityChanged,
  IdentityChangedSchema,
} from '../stream/generated/avd/changes/v1/changes_pb.ts';
import { type Reference, Service as ServiceNumber } from '../stream/generated/avd/common/v1/common_pb.ts';
import { CHANGE_TOPICS } from '../stream/topics.ts';
import type { ClaimRow } from './claim-table.ts';
import { type Facts, OWNERSHIP, SAME_AS } from './facts.ts';

const PROVISIONAL = 'domain:';

/** By the number of a service in a message, its number here. */
const SERVICE_OF = new Map(SERVICES.map((service, number) => [ServiceNumber[service], number]));

/** Brings one message of the change topics into the facts. Any order of them, and any repetition, gives the same facts. */
export function applyChange(facts: Facts, topic: string, value: Uint8Array): void {
  if (topic === CHANGE_TOPICS.dependency) applyClaim(facts, fromBinary(ClaimChangedSchema, value));
  else if (topic === CHANGE_TOPICS.organization) applyIdentity(facts, fromBinary(IdentityChangedSchema, value).change);
}

function applyIdentity(facts: Facts, change: IdentityChanged['change']): void {
  switch (change.case) {
    case 'claim':
      return applyClaim(facts, change.value);
    case 'completed': {
      const { domain, source, service, day } = change.value;
      const number = SERVICE_OF.get(service);
      if (number === undefined) return;
      return facts.putCompletion(facts.nodes.intern(PROVISIONAL + domain), facts.source(source), number, Number(day));
    }
    case 'withdrawn':
      return facts.withdraw(facts.source(change.value.source), Number(change.value.before));
    case 'named':
      return facts.putName(facts.nodes.intern(change.value.organization), change.value.name, Number(change.value.time));
    default:
      // What follows from the claims is worked out here from the claims.
      return;
  }
}

function applyClaim(facts: Facts, claim: ClaimChanged): void {
  switch (claim.kind) {
    case ClaimKind.USES: {
      const service = SERVICE_OF.get(claim.service);
      if (service !== undefined) facts.putUse(toRow(facts, claim, service));
      return;
    }
    case ClaimKind.OWNERSHIP:
      return facts.putOwnership(toRow(facts, claim, OWNERSHIP));
    case ClaimKind.SAME_AS:
      return facts.putMerge(toRow(facts, claim, SAME_AS));
    default:
      // That an organization is part of another one changes no dependency.
      return;
  }
}

function toRow(facts: Facts, claim: ClaimChanged, kind: number): ClaimRow {
  return {
    subject: nodeOf(facts, claim.subject),
    object: nodeOf(facts, claim.object),
    kind,
    source: facts.source(claim.source),
    firstSeen: time(claim.firstSeen),
    lastSeen: time(claim.lastSeen),
    sighted: claim.sightedConfidence ?? Number.NaN,
    measured: claim.criticalDay === undefined ? -1 : Number(claim.criticalDay) * 2 + (claim.critical === true ? 1 : 0),
    statedAt: time(claim.statedAt),
    statedConfidence: claim.statedConfidence ?? Number.NaN,
    retractedAt: time(claim.retractedAt),
  };
}

const time = (value: bigint | undefined): number => (value === undefined ? Number.NaN : Number(value));

function nodeOf({ nodes }: Facts, reference: Reference | undefined): number {
  const { case: kind, value = '' } = reference?.end ?? {};
  return nodes.intern(kind === 'domain' ? PROVISIONAL + value : value);
}

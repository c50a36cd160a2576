import { fromBinary } from '@bufbuild/protobuf';
import { SERVICES } from '../identity/service.ts';
import {
  type ClaimChanged,
  ClaimChangedSchema,
  ClaimKind,
  type Completed,
  type IdentityChanged,
  IdentityChangedSchema,
} from '../stream/generated/avd/changes/v1/changes_pb.ts';
import { type Reference, Service as ServiceNumber } from '../stream/generated/avd/common/v1/common_pb.ts';
import { CHANGE_TOPICS, tenantOfTopic } from '../stream/topics.ts';
import type { ClaimRow } from './claim-table.ts';
import { dismissedKind, type Facts, OWNERSHIP, SAME_AS } from './facts.ts';

const PROVISIONAL = 'domain:';

/** By the number of a service in a message, its number here. */
const SERVICE_OF = new Map(SERVICES.map((service, number) => [ServiceNumber[service], number]));

/** Brings one message of the change topics into the facts. Any order of them, and any repetition, gives the same facts. */
export function applyChange(facts: Facts, topic: string, value: Uint8Array): void {
  if (topic === CHANGE_TOPICS.dependency) applyClaim(facts, fromBinary(ClaimChangedSchema, value));
  else if (topic === CHANGE_TOPICS.organization || tenantOfTopic(topic) !== undefined)
    applyIdentity(facts, fromBinary(IdentityChangedSchema, value).change);
}

function applyIdentity(facts: Facts, { case: kind, value }: IdentityChanged['change']): void {
  if (kind === 'claim') applyClaim(facts, value);
  else if (kind === 'completed') applyCompletion(facts, value);
  else if (kind === 'withdrawn') facts.withdraw(facts.source(value.source), Number(value.before));
  else if (kind === 'named') facts.putName(facts.nodes.intern(value.organization), value.name, Number(value.time));
  // The rest are conclusions: they are drawn here from the claims.
}

function applyCompletion(facts: Facts, { domain, source, service, day }: Completed): void {
  const number = SERVICE_OF.get(service);
  if (number === undefined) return;
  facts.putCompletion(facts.nodes.intern(PROVISIONAL + domain), facts.source(source), number, Number(day));
}

function applyClaim(facts: Facts, claim: ClaimChanged): void {
  const service = SERVICE_OF.get(claim.service);
  if (claim.kind === ClaimKind.USES && service !== undefined) facts.putUse(toRow(facts, claim, service));
  else if (claim.kind === ClaimKind.DISMISSED && service !== undefined)
    facts.putDismissal(toRow(facts, claim, dismissedKind(service)));
  else if (claim.kind === ClaimKind.OWNERSHIP) facts.putOwnership(toRow(facts, claim, OWNERSHIP));
  else if (claim.kind === ClaimKind.SAME_AS) facts.putMerge(toRow(facts, claim, SAME_AS));
  // That an organization is part of another one changes no dependency.
}

function toRow(facts: Facts, claim: ClaimChanged, kind: number): ClaimRow {
  return {
    subject: nodeOf(facts, claim.subject),
    object: nodeOf(facts, claim.object),
    kind,
    source: facts.source(claim.source, claim.tenant || undefined),
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

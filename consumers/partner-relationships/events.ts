import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Service } from '../../src/identity/service.ts';
import type { NamedOrganizationSchema } from '../../src/stream/generated/avd/common/v1/common_pb.ts';
import {
  MergeStatedSchema,
  RelationshipStatedSchema,
} from '../../src/stream/generated/avd/partner_relationships/v1/partner_relationships_pb.ts';
import { MERGE_KEY, TYPED_TOPICS } from '../../src/stream/topics.ts';
import { createEvent, type RawDocument, type TypedEvent } from '../document.ts';
import { toEvidence, toReference, toService } from '../messages.ts';
import { type DomainEnd, type End, identityOf, type OrganizationEnd } from './end.ts';

/** What every statement carries, whatever it states. */
export interface Stating {
  readonly document: RawDocument;
  /** Where in the document it stands; empty where the document is the one statement. Never a line of a file. */
  readonly record: string;
  /** Milliseconds since 1970, UTC. */
  readonly time: number;
  readonly retracted: boolean;
  /** 0 to 1. */
  readonly confidence: number;
  /** Whose private statement it is; undefined: everybody's. */
  readonly tenant: string | undefined;
}

/** Who merged, and why. */
export interface Why {
  readonly author: string;
  readonly reason: string;
}

type Relationship = Exclude<MessageInitShape<typeof RelationshipStatedSchema>['relationship'], undefined>;

/** "`subject` uses `object` for `service`." */
export function usesEvent(
  subject: End,
  service: Service,
  object: End,
  critical: boolean | undefined,
  stating: Stating,
): TypedEvent {
  const value = {
    subject: toReference(subject),
    service: toService(service),
    object: toReference(object),
    ...(critical !== undefined && { critical }),
    // How a private source spells an organization is not for others, and an organization has one name.
    ...(stating.tenant === undefined && { subjectName: spellingOf(subject), objectName: spellingOf(object) }),
  };
  return relationshipEvent(subject, { case: 'uses', value }, stating);
}

/** "`domain` belongs to `organization`." */
export function belongsToEvent(domain: DomainEnd, organization: OrganizationEnd, stating: Stating): TypedEvent {
  const value = { domain: domain.name, organization: named(organization) };
  return relationshipEvent(domain, { case: 'belongsTo', value }, stating);
}

/** "`organization` is part of `parent`." */
export function partOfEvent(organization: OrganizationEnd, parent: OrganizationEnd, stating: Stating): TypedEvent {
  const value = { organization: named(organization), parent: named(parent) };
  return relationshipEvent(organization, { case: 'partOf', value }, stating);
}

/**
 * "Whoever is behind `a` and behind `b`, domains that nobody claims, is one." Each domain stands for an organization of
 * the source that is called like it. The two are merged, so that any number of pairs makes one organization; and each
 * domain belongs to the other's, so that the statement has claims of its own, and taking it back leaves other pairs be.
 */
export function mergeOwnersEvents(a: DomainEnd, b: DomainEnd, why: Why, stating: Stating): TypedEvent[] {
  const [ofA, ofB] = [ownerOf(a, stating), ownerOf(b, stating)];
  return [belongsToEvent(a, ofB, stating), belongsToEvent(b, ofA, stating), mergeEvent(ofA, ofB, why, stating)];
}

function ownerOf({ name }: DomainEnd, { document }: Stating): OrganizationEnd {
  return { kind: 'organization', key: `${document.source}:${name}`, spelling: name, isNamedByDomain: true };
}

/** "`a` and `b` are one." All merges have one key, so that they have one writer. */
export function mergeEvent(a: OrganizationEnd, b: OrganizationEnd, why: Why, stating: Stating): TypedEvent {
  const { document, time, tenant } = stating;
  if (tenant !== undefined) throw publicOnly();
  return createEvent({
    topic: TYPED_TOPICS.mergeStated,
    key: MERGE_KEY,
    schema: MergeStatedSchema,
    message: { a: named(a), b: named(b), ...why, ...statedBy(stating, '') },
    source: document.source,
    time,
  });
}

function relationshipEvent(subject: End, relationship: Relationship, stating: Stating): TypedEvent {
  const { document, time, tenant = '' } = stating;
  if (tenant !== '' && relationship.case !== 'uses') throw publicOnly();
  const host = subject.kind === 'domain' ? subject.host : '';
  return createEvent({
    topic: TYPED_TOPICS.relationshipStated,
    key: identityOf(subject),
    schema: RelationshipStatedSchema,
    message: { relationship, tenant, ...statedBy(stating, host) },
    source: document.source,
    time,
  });
}

/** What is public is refused before: see `PUBLIC_ONLY`. */
const publicOnly = (): TypeError => new TypeError('A private statement says who uses what.');

function statedBy({ document, record, time, retracted, confidence }: Stating, host: string) {
  const evidence = toEvidence({ document: document.document, record, host, observedAt: time });
  return { statedAt: BigInt(time), retracted, confidence, evidence };
}

function named(end: OrganizationEnd): MessageInitShape<typeof NamedOrganizationSchema> {
  const { key, spelling, isNamedByDomain = false } = end;
  return { key, name: spelling, nameIsDomain: isNamedByDomain };
}

function spellingOf(end: End): string {
  return end.kind === 'organization' ? end.spelling : '';
}

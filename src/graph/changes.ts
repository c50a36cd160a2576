import { create, toBinary } from '@bufbuild/protobuf';
import { SERVICES, type Service } from '../identity/service.ts';
import {
  type Change as ChangeMessage,
  ChangeSchema,
  ChangeSetSchema,
  type ClaimChange,
  type ClaimChanged,
  ClaimChangedSchema,
  ClaimChangeSchema,
  ClaimChangeSetSchema,
  ClaimKind as ClaimKindNumber,
  IdentityChangedSchema,
  IncidentChangedSchema,
  PortfolioMovedSchema,
} from '../stream/generated/avd/changes/v1/changes_pb.ts';
import {
  type Reference as ReferenceMessage,
  ReferenceSchema,
  Service as ServiceNumber,
} from '../stream/generated/avd/common/v1/common_pb.ts';
import { CHANGE_TOPICS, privateChangeTopic } from '../stream/topics.ts';
import type { Reference } from './actions.ts';
import { DAY } from './claim-state.ts';
import type { CanonicalChange, OwnerChange } from './conclusions.ts';
import {
  type ClaimEntity,
  type ClaimKind,
  type DomainEntity,
  type Entity,
  type IncidentEntity,
  identifyEnd,
  type OrganizationEntity,
  type SourceEntity,
} from './fold.ts';
import { type PortfolioEntity, portfolioKey } from './portfolio-state.ts';

/** What leaves AVD when a transaction is committed: topic, key and serialised message. */
export interface Change {
  readonly topic: string;
  readonly key: string;
  readonly value: Uint8Array<ArrayBuffer>;
}

/** The change of a claim. A batch has thousands, whose messages are written into one buffer: see `encodeChanges`. */
class DependencyChange implements Change {
  readonly topic = CHANGE_TOPICS.dependency;
  readonly key: string;
  readonly message: ClaimChanged;

  constructor(key: string, message: ClaimChanged) {
    this.key = key;
    this.message = message;
  }

  get value(): Uint8Array<ArrayBuffer> {
    return toBinary(ClaimChangedSchema, this.message);
  }
}

const KINDS: Readonly<Record<ClaimKind, ClaimKindNumber>> = {
  USES: ClaimKindNumber.USES,
  PRIVATE_USES: ClaimKindNumber.USES,
  OWNERSHIP_CLAIM: ClaimKindNumber.OWNERSHIP,
  SAME_AS: ClaimKindNumber.SAME_AS,
  PART_OF: ClaimKindNumber.PART_OF,
  DISMISSED: ClaimKindNumber.DISMISSED,
};

const KNOWN_SERVICES: ReadonlySet<string> = new Set(SERVICES);

/** What decides, after the change, what follows from the claim: a reader may apply it late, twice or in another order. */
export function claimChange({ key, state }: ClaimEntity): Change {
  // Written out, since this is done for every claim that is written: `create` takes as long again.
  const message: ClaimChanged = {
    $typeName: ClaimChangedSchema.typeName,
    kind: KINDS[key.kind],
    source: key.source,
    subject: end(key.subject),
    object: end(key.object),
    service: key.service === undefined ? ServiceNumber.UNSPECIFIED : ServiceNumber[key.service],
    firstSeen: whole(state.firstSeen),
    lastSeen: whole(state.lastSeen),
    sightedConfidence: state.sightedConfidence,
    statedConfidence: state.stated?.confidence,
    statedAt: whole(state.stated?.time),
    statedBy: state.stated?.event ?? '',
    retractedAt: whole(state.retracted?.time),
    retractedBy: state.retracted?.event ?? '',
    critical: state.critical?.value,
    criticalDay: state.critical === undefined ? undefined : BigInt(state.critical.day / DAY),
    tenant: key.tenant ?? '',
  };
  const about = identifyEnd(key.subject).slice(2);
  if (key.tenant !== undefined) {
    return identityChange(about, { case: 'claim', value: message }, privateChangeTopic(key.tenant));
  }
  return key.kind === 'USES' || key.kind === 'DISMISSED'
    ? new DependencyChange(about, message)
    : identityChange(about, { case: 'claim', value: message });
}

/** The complete observations that a batch has moved on. */
export function completionChanges(before: DomainEntity | undefined, after: DomainEntity): Change[] {
  return [...after.state.days].flatMap(([name, day]) => {
    const [kind, source = '', service = ''] = name.split('.');
    if (kind !== 'complete' || before?.state.days.get(name) === day || !KNOWN_SERVICES.has(service)) {
      return [];
    }
    const value = {
      source,
      domain: after.name,
      service: ServiceNumber[service as Service],
      day: BigInt(day / DAY),
    };
    return [identityChange(after.name, { case: 'completed', value })];
  });
}

export const ownerChange = ({ domain, organization }: OwnerChange): Change =>
  identityChange(domain, { case: 'owner', value: { domain, organization: organization ?? '' } });

export const canonicalChange = ({ organization, canonical }: CanonicalChange): Change =>
  identityChange(organization, { case: 'canonical', value: { organization, canonical } });

/** The organization's newest name, where it has one. */
export const nameChanges = ({ key, state: { named } }: OrganizationEntity): Change[] =>
  named === undefined
    ? []
    : [
        identityChange(key, {
          case: 'named',
          value: { organization: key, name: named.name, time: BigInt(named.time) },
        }),
      ];

/** A tenant's source is its own matter. */
export const withdrawalChange = ({ id, tenant, state }: SourceEntity): Change =>
  identityChange(
    id,
    { case: 'withdrawn', value: { source: id, before: BigInt(state.withdrawnBefore) } },
    tenant === undefined ? undefined : privateChangeTopic(tenant),
  );

/** `isNew`: the graph has had no version of it before. */
function incidentChange({ key, state }: IncidentEntity, isNew: boolean): Change {
  const message = create(IncidentChangedSchema, { incident: key, isNew, event: state.event });
  return { topic: CHANGE_TOPICS.incident, key, value: toBinary(IncidentChangedSchema, message) };
}

function portfolioChange({ tenant, id, state }: PortfolioEntity): Change {
  const message = create(PortfolioMovedSchema, { tenant, portfolio: id, changedAt: BigInt(state.changedAt) });
  const value = toBinary(PortfolioMovedSchema, message);
  return { topic: CHANGE_TOPICS.portfolio, key: portfolioKey(tenant, id), value };
}

/** A transaction's changes as a ChangeSet; those of claims come first. */
export function encodeChanges(changes: readonly Change[]): Uint8Array {
  const [claims, others]: [ClaimChange[], ChangeMessage[]] = [[], []];
  for (const change of changes) {
    const { topic, key } = change;
    if (change instanceof DependencyChange) {
      claims.push({ $typeName: ClaimChangeSchema.typeName, topic, key, value: change.message });
    } else others.push({ $typeName: ChangeSchema.typeName, topic, key, value: change.value });
  }
  // A repeated field may come in parts.
  return Buffer.concat([
    toBinary(ClaimChangeSetSchema, { $typeName: ClaimChangeSetSchema.typeName, changes: claims }),
    toBinary(ChangeSetSchema, { $typeName: ChangeSetSchema.typeName, changes: others }),
  ]);
}

/** What a batch has changed, as others are told of it. `before`: what the database held of it, by identity. */
export function describeChanges(
  dirty: ReadonlyMap<string, Entity>,
  before: { readonly entities: ReadonlyMap<string, Entity> },
): Change[] {
  return [...dirty].flatMap(([id, entity]) => describe(entity, before.entities.get(id)));
}

function describe(entity: Entity, before: Entity | undefined): Change[] {
  switch (entity.entity) {
    case 'claim':
      return [claimChange(entity)];
    case 'domain':
      return completionChanges(before?.entity === 'domain' ? before : undefined, entity);
    case 'organization':
      return nameChanges(entity);
    // It was told when it was stored, before the slice.
    case 'source':
      return [];
    case 'incident':
      return [incidentChange(entity, before === undefined)];
    case 'portfolio':
      return [portfolioChange(entity)];
    // Its portfolio changes with it.
    case 'following':
      return [];
  }
}

type IdentityInit = Parameters<typeof create<typeof IdentityChangedSchema>>[1];

function identityChange(
  key: string,
  change: NonNullable<IdentityInit>['change'] & object,
  topic: string = CHANGE_TOPICS.organization,
): Change {
  const message = create(IdentityChangedSchema, { change } as IdentityInit);
  return { topic, key, value: toBinary(IdentityChangedSchema, message) };
}

const end = (reference: Reference): ReferenceMessage => ({
  $typeName: ReferenceSchema.typeName,
  end:
    reference.kind === 'domain'
      ? { case: 'domain', value: reference.name }
      : { case: 'organization', value: reference.key },
});

const whole = (value: number | undefined): bigint | undefined => (value === undefined ? undefined : BigInt(value));

import { fromBinary } from '@bufbuild/protobuf';
import type { NewsKind } from '../graph/statements/news.ts';
import {
  type ClaimChanged,
  ClaimChangedSchema,
  ClaimKind,
  IdentityChangedSchema,
  IncidentChangedSchema,
  PortfolioMovedSchema,
} from '../stream/generated/avd/changes/v1/changes_pb.ts';
import { type Reference, Service } from '../stream/generated/avd/common/v1/common_pb.ts';
import { CHANGE_TOPICS, privateChangeTopic, tenantOfTopic } from '../stream/topics.ts';

/** A claim of use, or a dismissal of some, that is another than before. Ends are references. */
export interface ChangedClaim {
  readonly kind: NewsKind;
  readonly subject: string;
  readonly object: string;
  readonly source: string;
  readonly service: string;
  /** The message that told of it. */
  readonly message: Uint8Array;
}

/** A message of a topic of changes. */
export interface ChangeRecord {
  readonly value: Uint8Array | null;
  /** When it was published, ms since 1970, UTC. */
  readonly timestamp: number;
}

/** What the changes of a slice may have exposed. References are `domain:<name>`, or an organization's key. */
export interface Triggers {
  /** Whose private claims the changes are of: they are nobody else's matter. Undefined: everybody's. */
  readonly tenant: string | undefined;
  /** Who depends on something else than before. */
  readonly subjects: Set<string>;
  /** The claims and dismissals that say so, in their order. */
  readonly claims: ChangedClaim[];
  /** Domains with another owner than before, by name. */
  readonly owned: Set<string>;
  /** Organizations were merged, or are no longer. */
  hasMerged: boolean;
  /** Incidents; true: the graph has had no version of it before. */
  readonly incidents: Map<string, boolean>;
  /** When the first and the last of these changes were published, ms since 1970, UTC. */
  readonly publishedAt: { readonly first: number; readonly last: number };
  /** Portfolios by key, and since when something of each may be new (ms since 1970, UTC). */
  readonly portfolios: Map<string, number>;
}

/** The topics that alerts come of. `tenants`: those with sources of their own. */
export const triggerTopics = (tenants: readonly string[]): readonly string[] => [
  CHANGE_TOPICS.dependency,
  CHANGE_TOPICS.organization,
  CHANGE_TOPICS.incident,
  CHANGE_TOPICS.portfolio,
  ...tenants.map(privateChangeTopic),
];

/** Reads what was published of one topic. What takes something away exposes nobody, and is passed over. */
export function readTriggers(topic: string, records: readonly ChangeRecord[]): Triggers {
  const times = records.map(({ timestamp }) => timestamp);
  const tenant = tenantOfTopic(topic);
  const triggers: Triggers = {
    tenant,
    subjects: new Set(),
    claims: [],
    owned: new Set(),
    hasMerged: false,
    incidents: new Map(),
    portfolios: new Map(),
    publishedAt: { first: Math.min(...times), last: Math.max(...times) },
  };
  const read = tenant === undefined ? READERS[topic] : readPrivate;
  for (const { value } of records) if (value !== null) read?.(value, triggers);
  return triggers;
}

const READERS: Readonly<Record<string, (value: Uint8Array, triggers: Triggers) => void>> = {
  [CHANGE_TOPICS.dependency]: (message, triggers) => {
    readClaim(fromBinary(ClaimChangedSchema, message), message, triggers);
  },
  [CHANGE_TOPICS.organization]: (value, triggers) => {
    const { change } = fromBinary(IdentityChangedSchema, value);
    if (change.case === 'owner') {
      triggers.owned.add(change.value.domain);
      triggers.subjects.add(`domain:${change.value.domain}`);
      if (change.value.organization !== '') triggers.subjects.add(change.value.organization);
    } else if (change.case === 'canonical') triggers.hasMerged = true;
  },
  [CHANGE_TOPICS.incident]: (value, { incidents }) => {
    const { incident, isNew } = fromBinary(IncidentChangedSchema, value);
    incidents.set(incident, isNew || incidents.get(incident) === true);
  },
  [CHANGE_TOPICS.portfolio]: (value, { portfolios }) => {
    const { tenant, portfolio, changedAt } = fromBinary(PortfolioMovedSchema, value);
    const key = `${tenant}/${portfolio}`;
    portfolios.set(key, Math.min(portfolios.get(key) ?? Number.POSITIVE_INFINITY, Number(changedAt)));
  },
};

/** What a tenant's own topic says: of a withdrawn source nobody is exposed. */
function readPrivate(message: Uint8Array, triggers: Triggers): void {
  const { change } = fromBinary(IdentityChangedSchema, message);
  if (change.case === 'claim') readClaim(change.value, message, triggers);
}

function readClaim(claim: ClaimChanged, message: Uint8Array, { subjects, claims }: Triggers): void {
  const { kind, subject, object, source, service } = claim;
  const isOfUse = kind === ClaimKind.USES || kind === ClaimKind.DISMISSED;
  if (!isOfUse || subject === undefined || object === undefined) return;
  const ends = { subject: referenceOf(subject), object: referenceOf(object) };
  // A dismissal that is taken back exposes again.
  subjects.add(ends.subject);
  claims.push({ ...ends, kind: whatIsNew(claim), source, service: Service[service] ?? '', message });
}

/** Of the same time, a retraction is the last word. */
function whatIsNew({ kind, statedAt, retractedAt }: ClaimChanged): NewsKind {
  if (kind !== ClaimKind.DISMISSED) return 'CLAIMED';
  return statedAt !== undefined && (retractedAt === undefined || retractedAt < statedAt) ? 'DISMISSED' : 'RESTORED';
}

function referenceOf({ end }: Reference): string {
  return end.case === 'domain' ? `domain:${end.value}` : (end.value ?? '');
}

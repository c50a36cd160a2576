/** The streams that AVD takes in, by the id that `avd ingest` uses. */
export const STREAMS = ['page-loads', 'dns', 'certificates', 'partner-relationships', 'breach-incidents'] as const;
export type Stream = (typeof STREAMS)[number];

/** Where a stream's raw documents are kept, for ever: replaying them is the proof of everything. */
export const RAW_TOPICS: Readonly<Record<Stream, string>> = {
  'page-loads': 'web.page.raw.v1',
  dns: 'dns.answer.raw.v1',
  certificates: 'tls.certificate.raw.v1',
  'partner-relationships': 'partner.relationship.raw.v1',
  'breach-incidents': 'security.incident.raw.v1',
};

/** The topics of typed messages, one a message type. */
export const TYPED_TOPICS = {
  pageObserved: 'web.page.observed.v1',
  vendorContacted: 'web.vendor.contacted.v1',
  answerObserved: 'dns.answer.observed.v1',
  certificateObserved: 'tls.certificate.observed.v1',
  relationshipStated: 'partner.relationship.stated.v1',
  mergeStated: 'partner.merge.stated.v1',
  incidentReported: 'security.incident.reported.v1',
  sourceWithdrawn: 'governance.source.withdrawn.v1',
  portfolioChanged: 'customer.portfolio.changed.v1',
  decisionMade: 'analyst.decision.made.v1',
} as const;
export type TypedTopic = (typeof TYPED_TOPICS)[keyof typeof TYPED_TOPICS];

/** All merges share this key, so they are in one partition and have one writer. */
export const MERGE_KEY = 'merges';
/** The same of decisions: which of two came last is then told by their order, too. */
export const DECISION_KEY = 'decisions';

/** What leaves AVD. */
export const CHANGE_TOPICS = {
  dependency: 'graph.dependency.changed.v1',
  organization: 'graph.organization.changed.v1',
  incident: 'graph.incident.changed.v1',
  portfolio: 'graph.portfolio.changed.v1',
  alert: 'alerts.incident.raised.v1',
} as const;

/**
 * Where the changes of one tenant's private claims go: how many there are of them is told by no topic that others read.
 * Its messages are `IdentityChanged`.
 */
export const privateChangeTopic = (tenant: string): string => `${PRIVATE_CHANGES}${tenant}`;

/** The tenant whose private changes a topic holds; undefined for any other topic. */
export function tenantOfTopic(topic: string): string | undefined {
  return topic.startsWith(PRIVATE_CHANGES) ? topic.slice(PRIVATE_CHANGES.length) : undefined;
}

const PRIVATE_CHANGES = 'graph.private-claim.changed.v1.';

/** The group of the stage that raises alerts. It refuses nothing: what it reads, AVD has written. */
export const ALERTS_GROUP = 'avd.alerts';

/** The stages that refuse, each with its consumer group and its dead-letter topic. */
export const GROUPS = { ingest: 'avd.ingest', fanOut: 'avd.fan-out', graph: 'avd.graph' } as const;
export type Group = (typeof GROUPS)[keyof typeof GROUPS];

export const DEAD_LETTER_TOPICS: Readonly<Record<Group, string>> = {
  'avd.ingest': 'ingest.document.dead-lettered.v1',
  'avd.fan-out': 'fan-out.document.dead-lettered.v1',
  'avd.graph': 'graph.event.dead-lettered.v1',
};

/** A raw document is at most this large, uncompressed; 16 MiB. */
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;

/** The longest header of a raw message that a dead letter of it keeps; the columns of a CSV file are one. */
export const MAX_HEADER_BYTES = 16 * 1024;

/** Headers of a raw message. `document` is the SHA-256 of the uncompressed bytes, `place` says where it was in its file. */
export const RAW_HEADERS = {
  source: 'avd_source',
  format: 'avd_format',
  /** ISO 8601; present where `ingest --observed-at` gave it. */
  observedAt: 'avd_observed_at',
  document: 'avd_document',
  place: 'avd_place',
  /** The header line of a CSV file, for a message that holds one of its rows. */
  columns: 'avd_columns',
  /** `gzip` where the value is compressed. */
  encoding: 'avd_encoding',
} as const;

/** CloudEvents attributes of a typed message. */
export const EVENT_HEADERS = {
  /** SHA-256 of source, type and canonical payload, in hexadecimal. */
  id: 'ce_id',
  source: 'ce_source',
  /** The typed topic's message type, as `avd.dns.v1.AnswerObserved`. */
  type: 'ce_type',
  /** ISO 8601, UTC. */
  time: 'ce_time',
} as const;

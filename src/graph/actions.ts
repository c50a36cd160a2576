import type { Service } from '../identity/service.ts';

/**
 * The closed set of things that a consumer may ask of the graph: the sink actions between "what the event says" and
 * "what is written". Mapping an event to actions is pure and needs no database to test.
 * All times are milliseconds since 1970 in UTC; a `day` is the number of whole UTC days since 1970.
 */
export type GraphAction =
  | SightUse
  | StateUse
  | StateOwnership
  | StateSameAs
  | StatePartOf
  | DismissUse
  | ObserveDomain
  | CompleteObservation
  | NameOrganization
  | ReportIncident
  | WithdrawSource
  | ChangePortfolio;

/** The source that analysts speak as. */
export const ANALYST = 'analyst';

/** One end of a claim: a registrable domain by its normal name, or an organization by its key. */
export type Reference =
  | { readonly kind: 'domain'; readonly name: string }
  | { readonly kind: 'organization'; readonly key: string };

/** Where a claim was read: the document (SHA-256 of its bytes), the record in it, the host seen, and when. */
export interface Evidence {
  readonly document: string;
  readonly record: string;
  readonly host: string;
  readonly observedAt: number;
}

/** A crawler saw `subject` use `object`: adds one UTC day (that of `evidence.observedAt`) to the claim. */
export interface SightUse {
  readonly type: 'sight-use';
  readonly source: string;
  readonly subject: Reference;
  readonly service: Service;
  readonly object: Reference;
  /** 0 to 1, as stated by the detection rule or the document. */
  readonly confidence: number;
  /** Measured criticality; absent where nobody measured. */
  readonly critical?: boolean;
  readonly evidence: Evidence;
}

/** What every statement carries: the last one of a key wins by (time, retraction above assertion, event). */
export interface Statement {
  readonly source: string;
  readonly time: number;
  readonly event: string;
  readonly retracted: boolean;
  readonly confidence: number;
  /** Who said it and why, where a person did. */
  readonly author?: string;
  readonly reason?: string;
  readonly evidence: Evidence;
}

export interface StateUse extends Statement {
  readonly type: 'state-use';
  readonly subject: Reference;
  readonly service: Service;
  readonly object: Reference;
  readonly critical?: boolean;
  /** Whose private claim it is; absent: everybody's. */
  readonly tenant?: string;
}

/** "Domain D belongs to organization O." */
export interface StateOwnership extends Statement {
  readonly type: 'state-ownership';
  readonly domain: string;
  readonly organization: string;
}

/** "Organization A is the same as B": keyed by the source and the unordered pair. */
export interface StateSameAs extends Statement {
  readonly type: 'state-same-as';
  readonly organizations: readonly [string, string];
}

/** "Organization O is part of P." */
export interface StatePartOf extends Statement {
  readonly type: 'state-part-of';
  readonly organization: string;
  readonly parent: string;
}

/** "Whatever anybody claims, `subject` does not use `object` for this": keyed as a use is. */
export interface DismissUse extends Statement {
  readonly type: 'dismiss-use';
  readonly subject: Reference;
  readonly service: Service;
  readonly object: Reference;
}

/** A source looked at a domain, whether or not it found a dependency. */
export interface ObserveDomain {
  readonly type: 'observe-domain';
  readonly source: string;
  readonly stream: string;
  readonly domain: string;
  readonly observedAt: number;
}

/** What the source saw of (domain, service) on that day was the whole set. */
export interface CompleteObservation {
  readonly type: 'complete-observation';
  readonly source: string;
  readonly domain: string;
  readonly service: Service;
  readonly day: number;
}

/** A source gave an organization's name in the source's own spelling. The newest wins. */
export interface NameOrganization {
  readonly type: 'name-organization';
  readonly key: string;
  readonly name: string;
  readonly time: number;
}

export type IncidentKind = 'BREACH' | 'OUTAGE';
export type DatePrecision = 'YEAR' | 'MONTH' | 'DAY' | 'TIME';

/** A source reports an incident; the newest version (by `time`, then event) replaces the older one whole. */
export interface ReportIncident {
  readonly type: 'report-incident';
  readonly source: string;
  /** The publisher's own id; unique within the source. */
  readonly id: string;
  readonly time: number;
  readonly event: string;
  readonly kind: IncidentKind;
  readonly title: string;
  readonly description: string;
  /** Start of the period, as precise as `occurredPrecision` says: `2025`, `2025-03`, `2025-03-02`, or a full time. */
  readonly occurred: string;
  readonly occurredPrecision: DatePrecision;
  readonly reportedAt: number;
  /** Accounts or records concerned; absent where unknown. */
  readonly affectedCount?: number;
  readonly dataClasses: readonly string[];
  readonly verified: boolean;
  readonly fabricated: boolean;
  /** What the source named; empty where it named nobody that can be identified. */
  readonly affects: readonly Reference[];
  readonly evidence: Evidence;
}

/** Everything that the source said and that was last seen before `before` is no longer in force. */
export interface WithdrawSource {
  readonly type: 'withdraw-source';
  readonly source: string;
  readonly before: number;
  readonly reason: string;
  /** Whose source it is; absent: everybody's. */
  readonly tenant?: string;
}

/** A customer changes one of its portfolios. It says nothing of the facts, and is no part of the graph's hash. */
export interface ChangePortfolio {
  readonly type: 'change-portfolio';
  readonly tenant: string;
  /** Unique within the tenant. */
  readonly portfolio: string;
  readonly time: number;
  readonly event: string;
  readonly change: PortfolioChange;
}

export type PortfolioChange =
  | { readonly kind: 'created'; readonly name: string; readonly alertDepth: number }
  | { readonly kind: 'renamed'; readonly name: string }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'alert-depth-set'; readonly alertDepth: number }
  /** Things as they were named; what stands for them today is looked up when they are read. */
  | { readonly kind: 'followed' | 'unfollowed'; readonly references: readonly Reference[] };

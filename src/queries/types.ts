import type { DatePrecision, IncidentKind, Reference } from '../graph/actions.ts';
import type { Service } from '../identity/service.ts';

/**
 * Exposure questions in the domain's words. One engine answers them by Cypher (`createNeo4jQueries`); any other engine
 * must give equal answers over the same facts.
 *
 * - All times are milliseconds since 1970 in UTC.
 * - `at` is the instant T of an answer: claims are judged as of then; owners and merges are today's.
 * - A key of an organization is that of its canonical organization, or the provisional `domain:<name>`, as
 *   `organizations` and `ownersOf` give it. Only `organizations`, `concentrationRisk`, `dependency` and `exposurePaths`
 *   also take the key of an absorbed or formerly provisional one, and resolve it.
 * - A batch answers with a map from what was asked; what is not known has no entry, or an empty page.
 */
export interface ExposureQueries {
  /**
   * The same questions, given up at `deadline` (ms since 1970) with AppError QUERY_TIMEOUT, and when `signal` aborts with
   * AppError CANCELLED.
   */
  within(deadline: number, signal?: AbortSignal): ExposureQueries;
  /** The same questions as that tenant sees the graph: what is public, which is all without this, and its own claims. */
  seenBy(tenant: string): ExposureQueries;

  // things
  domains(names: readonly string[]): Promise<Map<string, Domain>>;
  /** What stands today for each key: an absorbed or formerly provisional organization gives what it became. */
  organizations(keys: readonly string[]): Promise<Map<string, Organization>>;
  /** The canonical organization that owns each domain; provisional where nobody claims it. Known domains only. */
  ownersOf(domains: readonly string[]): Promise<Map<string, Organization>>;
  /** Owned domains, by name. */
  domainsOf(keys: readonly string[], page: PageRequest): Promise<Map<string, Page<string>>>;
  /** The other organizations that each stands for, by key. */
  aliasesOf(keys: readonly string[]): Promise<Map<string, Alias[]>>;
  /** Other canonical organizations whose names are equal but for case, spaces and punctuation, by key; at most 100. */
  mergeCandidatesOf(keys: readonly string[]): Promise<Map<string, Organization[]>>;
  /** Who looked at each domain and when last, by source and stream; also where nothing was found. */
  observationsOf(domains: readonly string[]): Promise<Map<string, Observation[]>>;

  // claims
  claims(keys: readonly ClaimKey[], at: number): Promise<(Claim | undefined)[]>;
  /** What is claimed of each (`uses`) or that others use it (`usedBy`), by service, other end and source. */
  claimsOf(ends: readonly Reference[], args: ClaimArgs, page: PageRequest): Promise<Page<Claim>[]>;
  /** The claims in force behind each dependency, by service, subject, object and source. */
  claimsBehind(pairs: readonly Pair[], page: PageRequest): Promise<Page<Claim>[]>;

  // dependencies
  dependenciesOf(
    keys: readonly string[],
    args: DependencyArgs,
    page: PageRequest,
  ): Promise<Map<string, Page<Dependency>>>;
  dependentsOf(
    keys: readonly string[],
    args: DependencyArgs,
    page: PageRequest,
  ): Promise<Map<string, Page<Dependency>>>;
  /** How many `dependenciesOf` would list in all. */
  dependencyTotalsOf(keys: readonly string[], args: DependencyArgs, at: number): Promise<Map<string, number>>;
  dependentTotalsOf(keys: readonly string[], args: DependencyArgs, at: number): Promise<Map<string, number>>;
  /** One dependency by its two ends, or undefined where there is none at that instant. */
  dependency(pair: Pair, at: number): Promise<Dependency | undefined>;
  /** The same of one all of whose claims are dismissed. */
  dismissedDependency(pair: Pair, at: number): Promise<Dependency | undefined>;

  // beyond the first hop
  /** Vendors at shortest distance 2 to `depth`, by distance, then key. */
  nthParties(key: string, args: NthPartyArgs, page: PageRequest): Promise<Bounded<Page<Reached>>>;
  blastRadius(key: string, args: BlastRadiusArgs, at: number): Promise<BlastRadius>;
  /** Who is hit, by distance, then key. */
  blastRadiusOrganizations(key: string, args: BlastRadiusArgs, page: PageRequest): Promise<Bounded<Page<Reached>>>;
  /** Simple paths by length, then by their keys. */
  exposurePaths(args: ExposurePathArgs, page: PageRequest): Promise<Bounded<Page<ExposurePath>>>;
  /** Vendors by `direct` descending, then key. */
  concentrationRisk(args: ConcentrationArgs, page: PageRequest): Promise<ConcentrationPage>;

  // lists
  search(args: SearchArgs, page: PageRequest): Promise<Page<SearchHit>>;
  vendors(args: VendorArgs, page: PageRequest): Promise<Page<Vendor>>;
  /** How many `vendors` would list in all. */
  vendorTotal(args: VendorArgs, at: number): Promise<number>;
  incidents(filter: IncidentFilter, page: PageRequest): Promise<Page<Incident>>;
  incidentsByKey(keys: readonly string[]): Promise<Map<string, Incident>>;
  /** Incidents that name the organization, one of its aliases or one of its domains, newest report first. */
  incidentsOf(keys: readonly string[], page: PageRequest): Promise<Map<string, Page<Incident>>>;
  /** Every declared source, by id, with how fresh it is. */
  sources(): Promise<SourceState[]>;
  totals(): Promise<Totals>;
}

/** Where the next page begins: the instant of the first page, and the sort key of the last row. Plain JSON. */
export interface Cursor {
  readonly at: number;
  readonly key: readonly (string | number)[];
}

/** `first` ≥ 1. Where `after` is given its instant counts and `at` is ignored. */
export interface PageRequest {
  readonly first: number;
  readonly after?: Cursor | undefined;
  readonly at: number;
}

export interface Edge<T> {
  readonly cursor: Cursor;
  readonly node: T;
}

export interface Page<T> {
  readonly edges: readonly Edge<T>[];
  readonly hasNextPage: boolean;
}

/** Why an answer was cut: it took too long, or met more organizations, dependencies or paths than one answer looks at. */
export type Bound = 'TIME' | 'ORGANIZATIONS' | 'DEPENDENCIES' | 'PATHS';

/** `bound` is there iff the answer was cut: then what is listed is true, and more may exist. */
export type Bounded<T> = T & { readonly bound?: Bound | undefined };

export interface Domain {
  readonly name: string;
  readonly owner: Organization;
  /** Where it is the subject of a claim or was looked at. */
  readonly firstSeen?: number | undefined;
  readonly lastSeen?: number | undefined;
  /** Somebody uses it, or did once. */
  readonly vendor: boolean;
}

export interface Organization {
  readonly key: string;
  /** As a source spells it; the domain's name for a provisional one; the key where no source gave a name. */
  readonly name: string;
  readonly provisional: boolean;
}

export interface Alias {
  readonly key: string;
  readonly name: string;
}

export interface Observation {
  readonly source: string;
  readonly stream: string;
  readonly lastObserved: number;
}

export interface ClaimKey {
  readonly source: string;
  readonly subject: Reference;
  readonly service: Service;
  readonly object: Reference;
}

/** One source's claim that the subject uses the object. */
export interface Claim extends ClaimKey {
  /** Strongest stated by the source, 0 to 1, before trust in the source and age. */
  readonly stated: number;
  /** What it weighs at the instant: prior × stated × 2^−⌊age ÷ fresh days⌋. */
  readonly confidence: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly retractedAt?: number | undefined;
  readonly measuredCritical?: boolean | undefined;
  readonly stale: boolean;
  readonly inForce: boolean;
  /** At most five pieces. */
  readonly evidence: readonly ClaimEvidence[];
}

export interface ClaimEvidence {
  /** SHA-256 of the document, in hexadecimal. */
  readonly document: string;
  readonly record: string;
  /** Empty for a statement. */
  readonly host: string;
  readonly observedAt: number;
}

export interface ClaimArgs {
  readonly direction: 'uses' | 'usedBy';
  readonly service?: Service | undefined;
  /** Also those retracted, superseded, withdrawn, or not yet seen at the instant. */
  readonly includePast?: boolean | undefined;
}

/** The two ends of a dependency. */
export interface Pair {
  readonly dependent: string;
  readonly vendor: string;
}

export type DependencyStatus = 'OBSERVED' | 'STATED' | 'CONFIRMED' | 'DISMISSED';

export interface Dependency {
  readonly dependent: Organization;
  readonly vendor: Organization;
  /** By service name. */
  readonly services: readonly ServiceUse[];
  /** For some service. */
  readonly critical: boolean;
  readonly confidence: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly stale: boolean;
  readonly status: DependencyStatus;
}

export interface ServiceUse {
  readonly service: Service;
  readonly critical: boolean;
  /** Of the claims for this service alone. */
  readonly confidence: number;
  /** How many claims are in force for this service. */
  readonly claims: number;
}

export type DependencyOrder = 'CONFIDENCE' | 'NAME' | 'LAST_SEEN';

/** These choose which dependencies are listed, never a dependency's values. */
export interface DependencyFilter {
  readonly service?: Service | undefined;
  /** With `service`: critical for that service. */
  readonly criticalOnly?: boolean | undefined;
  readonly minConfidence?: number | undefined;
}

/** CONFIDENCE and LAST_SEEN descending, NAME ascending; ties by the other end's key. */
export interface DependencyArgs extends DependencyFilter {
  readonly orderBy?: DependencyOrder | undefined;
  /** Of `dependenciesOf` alone: those all of whose claims are dismissed, in place of those that count. */
  readonly dismissed?: boolean | undefined;
}

/** Which hops count: every hop where `criticalOnly` is false, else those that are critical for some service. */
export interface HopFilter {
  /** Of the hop into the vendor: for this service. */
  readonly service?: Service | undefined;
  readonly criticalOnly?: boolean | undefined;
  /**
   * From 0 to 1. Leaves out ubiquitous vendors: those on which more than this share of all organizations with any
   * dependency depend. No way leads over them and none is listed; the ends that are asked about always count.
   */
  readonly maxShare?: number | undefined;
}

export interface NthPartyArgs extends HopFilter {
  readonly depth: number;
}

export interface BlastRadiusArgs extends HopFilter {
  readonly maxHops: number;
}

export interface Reached {
  readonly organization: Organization;
  /** Hops of the shortest path that meets the filters. */
  readonly distance: number;
}

export interface BlastRadius {
  readonly total: number;
  /** Each organization once, at its shortest distance; ascending; distances with none are left out. */
  readonly byDistance: readonly { readonly distance: number; readonly organizations: number }[];
  /** There iff the counts are of a part only. */
  readonly bound?: Bound | undefined;
}

export interface ExposurePathArgs extends HopFilter {
  readonly from: string;
  readonly to: string;
  readonly maxHops: number;
}

export interface ExposurePath {
  readonly length: number;
  /** Each hop is critical, the last one for the asked service where one is asked for. */
  readonly critical: boolean;
  /** The product along the path. */
  readonly confidence: number;
  readonly steps: readonly Dependency[];
}

/** Whose exposure: these organizations, and the owners of these domains. */
export interface Scope {
  readonly organizations: readonly string[];
  readonly domains: readonly string[];
}

export interface ConcentrationArgs {
  /** Absent: everybody. */
  readonly scope?: Scope | undefined;
  readonly service?: Service | undefined;
  /** Only vendors with a critical dependent are listed; changes no count. */
  readonly criticalOnly?: boolean | undefined;
  /** From 0 to 1: vendors with a greater `share` are not listed; changes no count. */
  readonly maxShare?: number | undefined;
  readonly maxHops: number;
  /** False: `reach` and `reachCritical` are left out, which makes a whole page much cheaper. */
  readonly withReach?: boolean | undefined;
}

export interface Concentration {
  readonly vendor: Organization;
  readonly direct: number;
  readonly directCritical: number;
  /** Absent only where it was not asked for. */
  readonly reach?: number | undefined;
  readonly reachCritical?: number | undefined;
  /** direct ÷ dependentTotal. */
  readonly share: number;
}

export interface ConcentrationPage extends Page<Concentration> {
  /** Organizations in scope with any dependency (of the service, where given). */
  readonly dependentTotal: number;
  /** Organizations in scope with any critical dependency (for the service, where given). */
  readonly criticalTotal: number;
}

export type SearchType = 'DOMAIN' | 'ORGANIZATION' | 'INCIDENT';

export interface SearchArgs {
  readonly text: string;
  /** Absent or empty: all. */
  readonly types?: readonly SearchType[] | undefined;
}

/** Equal ones first, then those that begin with the text, then those that contain it; then by name, then key. */
export type SearchHit =
  | { readonly type: 'DOMAIN'; readonly domain: string }
  | { readonly type: 'ORGANIZATION'; readonly organization: Organization }
  | { readonly type: 'INCIDENT'; readonly incident: string };

export type VendorOrder = 'DEPENDENTS' | 'NAME';

export interface VendorArgs {
  readonly service?: Service | undefined;
  /** Part of the name, in any case. */
  readonly nameContains?: string | undefined;
  readonly minDependents?: number | undefined;
  /** DEPENDENTS descending (the default) or NAME ascending; ties by key. */
  readonly orderBy?: VendorOrder | undefined;
}

export interface Vendor {
  readonly organization: Organization;
  /** Distinct organizations with a dependency on it (for the service, where given). */
  readonly dependents: number;
  readonly criticalDependents: number;
  /** All that it is used for, by name. */
  readonly services: readonly Service[];
}

export interface IncidentFilter {
  readonly kind?: IncidentKind | undefined;
  readonly source?: string | undefined;
  /** Reported at or after. */
  readonly since?: number | undefined;
  /** Reported before. */
  readonly until?: number | undefined;
  readonly verified?: boolean | undefined;
}

export interface Incident {
  /** `<source>:<id>` */
  readonly key: string;
  readonly source: string;
  readonly kind: IncidentKind;
  readonly title: string;
  readonly description: string;
  /** As precise as `occurredPrecision` says. */
  readonly occurred: string;
  readonly occurredPrecision: DatePrecision;
  readonly reportedAt: number;
  readonly affectedCount?: number | undefined;
  readonly dataClasses: readonly string[];
  readonly verified: boolean;
  readonly fabricated: boolean;
  /** What the source named; empty where it named nobody that can be identified. */
  readonly affects: readonly Reference[];
  readonly evidence: readonly ClaimEvidence[];
}

export interface SourceState {
  readonly id: string;
  /** Time of the newest event of this source in the graph. */
  readonly newestEvent?: number | undefined;
  /** What it said and was last seen before then is no longer in force. */
  readonly withdrawnBefore?: number | undefined;
}

export interface Totals {
  readonly domains: number;
  readonly organizations: number;
  readonly claims: number;
  readonly incidents: number;
}

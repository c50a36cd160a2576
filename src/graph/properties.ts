import { matchName } from '../identity/organization-key.ts';
import type { Evidence } from './actions.ts';
import type { ClaimState } from './claim-state.ts';
import { integer, integerOrNull } from './driver.ts';
import type { ClaimKey, DomainState, OrganizationState } from './fold.ts';

/** How states are kept as properties of nodes and relationships, and read again. docs/architecture.md lists them. */

export interface ClaimProperties {
  readonly firstSeen?: number;
  readonly lastSeen?: number;
  readonly sightedConfidence?: number;
  readonly statedConfidence?: number;
  readonly statedAt?: number;
  readonly statedBy?: string;
  readonly author?: string;
  readonly reason?: string;
  readonly retractedAt?: number;
  readonly retractedBy?: string;
  readonly retractionAuthor?: string;
  readonly retractionReason?: string;
  readonly critical?: boolean;
  readonly criticalDay?: number;
  readonly evidence?: readonly string[];
  readonly tenant?: string;
}

/** What `CLAIM` in statements/write.ts makes a claim of. */
export type ClaimValues = readonly (string | number | boolean | readonly string[] | null)[];

/**
 * All properties of a claim, by place; `end` is what the statement finds it or its object by. Places at the end that have
 * no value are left out, which a list gives as null. Times are plain numbers, and made whole by the statement: packing
 * a whole number takes the driver ten times as long.
 */
export function claimValues(end: string, key: ClaimKey, state: ClaimState): ClaimValues {
  const { critical, stated, retracted, evidence } = state;
  const sighted = [
    end,
    key.source,
    key.service ?? null,
    evidence.length === 0 ? null : evidence.map(encodeEvidence),
    state.firstSeen ?? null,
    state.lastSeen ?? null,
    state.sightedConfidence ?? null,
  ];
  if (critical === undefined && stated === undefined && retracted === undefined && key.tenant === undefined) {
    return sighted;
  }
  return [
    ...sighted,
    critical?.value ?? null,
    critical?.day ?? null,
    stated?.confidence ?? null,
    stated?.time ?? null,
    stated?.event ?? null,
    stated?.author ?? null,
    stated?.reason ?? null,
    retracted?.time ?? null,
    retracted?.event ?? null,
    retracted?.author ?? null,
    retracted?.reason ?? null,
    key.tenant ?? null,
  ];
}

/** Source, service, first and last seen, and confidence: the same for many of a batch's claims. */
export type SightedValues = readonly (string | number | ReturnType<typeof integer> | null)[];

/** What a claim is besides its evidence that was only sighted. */
export const sightedValues = (key: ClaimKey, state: ClaimState): SightedValues => [
  key.source,
  key.service ?? null,
  integerOrNull(state.firstSeen),
  integerOrNull(state.lastSeen),
  state.sightedConfidence ?? null,
];

export function claimState(p: ClaimProperties): ClaimState {
  return {
    firstSeen: p.firstSeen,
    lastSeen: p.lastSeen,
    sightedConfidence: p.sightedConfidence,
    stated:
      p.statedAt === undefined || p.statedBy === undefined || p.statedConfidence === undefined
        ? undefined
        : { time: p.statedAt, event: p.statedBy, confidence: p.statedConfidence, author: p.author, reason: p.reason },
    retracted:
      p.retractedAt === undefined || p.retractedBy === undefined
        ? undefined
        : {
            time: p.retractedAt,
            event: p.retractedBy,
            author: p.retractionAuthor,
            reason: p.retractionReason,
          },
    critical:
      p.critical === undefined || p.criticalDay === undefined ? undefined : { day: p.criticalDay, value: p.critical },
    evidence: (p.evidence ?? []).map(decodeEvidence),
  };
}

/** Relationships hold no maps, so a piece of evidence is a JSON list `[observedAt, document, record, host]`. */
const encodeEvidence = (e: Evidence): string => encodeDocument(e) + encodePlace(e);
/** Its first part, the same for all that was read in a document, */
export const encodeDocument = (e: Evidence): string => `${JSON.stringify([e.observedAt, e.document]).slice(0, -1)},`;
/** and its second, without a control character. */
export const encodePlace = (e: Evidence): string => JSON.stringify([e.record, e.host]).slice(1);

export function decodeEvidence(text: string): Evidence {
  const [observedAt, document, record, host] = JSON.parse(text) as [number, string, string, string];
  return { observedAt, document, record, host };
}

/** For `SET d += …`. */
export function domainProperties(state: DomainState): Record<string, unknown> {
  return {
    firstSeen: integerOrNull(state.firstSeen),
    lastSeen: integerOrNull(state.lastSeen),
    ...Object.fromEntries([...state.days].map(([name, day]) => [name, integer(day)])),
  };
}

/** What a node's labels say. */
type Labelled = Pick<DomainState, 'vendor' | 'isPublic'>;

const DAYS = /^(observed|complete)\./;

/** The property that keeps the `Sightings` of a source: beside the domain's state, and no part of it. */
export const sightingsName = (source: string): string => `sightings.${source}`;

export function domainState(properties: Readonly<Record<string, unknown>>, labels: Labelled): DomainState {
  return {
    ...labels,
    firstSeen: properties.firstSeen as number | undefined,
    lastSeen: properties.lastSeen as number | undefined,
    days: new Map(Object.entries(properties).filter((entry): entry is [string, number] => DAYS.test(entry[0]))),
  };
}

/** For `SET o += …`. */
export function organizationProperties({ named }: OrganizationState): Record<string, unknown> {
  return named === undefined ? {} : { name: named.name, nameAt: integer(named.time), matchName: matchName(named.name) };
}

export function organizationState(properties: Readonly<Record<string, unknown>>, labels: Labelled): OrganizationState {
  const { name, nameAt } = properties;
  const isNamed = typeof name === 'string' && typeof nameAt === 'number';
  return { ...labels, named: isNamed ? { name, time: nameAt } : undefined };
}

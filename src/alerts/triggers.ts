import { fromBinary } from '@bufbuild/protobuf';
import {
  ClaimChangedSchema,
  ClaimKind,
  IdentityChangedSchema,
  IncidentChangedSchema,
  PortfolioMovedSchema,
} from '../stream/generated/avd/changes/v1/changes_pb.ts';
import type { Reference } from '../stream/generated/avd/common/v1/common_pb.ts';
import { CHANGE_TOPICS } from '../stream/topics.ts';

/** What the changes of a slice may have exposed. References are `domain:<name>`, or an organization's key. */
export interface Triggers {
  /** Who depends on something else than before. */
  readonly subjects: Set<string>;
  /** Domains with another owner than before, by name. */
  readonly owned: Set<string>;
  /** Organizations were merged, or are no longer. */
  hasMerged: boolean;
  /** Incidents; true: the graph has had no version of it before. */
  readonly incidents: Map<string, boolean>;
  /** Portfolios by key, and since when something of each may be new (ms since 1970, UTC). */
  readonly portfolios: Map<string, number>;
}

/** The topics that alerts come of. */
export const TRIGGER_TOPICS: readonly string[] = [
  CHANGE_TOPICS.dependency,
  CHANGE_TOPICS.organization,
  CHANGE_TOPICS.incident,
  CHANGE_TOPICS.portfolio,
];

/** Reads what was published of one topic. What takes something away exposes nobody, and is passed over. */
export function readTriggers(topic: string, values: Iterable<Uint8Array | null>): Triggers {
  const triggers: Triggers = {
    subjects: new Set(),
    owned: new Set(),
    hasMerged: false,
    incidents: new Map(),
    portfolios: new Map(),
  };
  const read = READERS[topic];
  for (const value of values) if (value !== null) read?.(value, triggers);
  return triggers;
}

const READERS: Readonly<Record<string, (value: Uint8Array, triggers: Triggers) => void>> = {
  [CHANGE_TOPICS.dependency]: (value, { subjects }) => {
    const { kind, subject } = fromBinary(ClaimChangedSchema, value);
    if (kind === ClaimKind.USES && subject !== undefined) subjects.add(referenceOf(subject));
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

function referenceOf({ end }: Reference): string {
  return end.case === 'domain' ? `domain:${end.value}` : (end.value ?? '');
}

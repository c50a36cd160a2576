import { type Decided, decisionEvent } from '../../consumers/decisions/events.ts';
import type { TypedEvent } from '../../consumers/document.ts';
import type { CorrectedBy, Corrections } from '../api/corrections.ts';
import { AppError } from '../errors.ts';
import { ANALYST, type Reference } from '../graph/actions.ts';
import type { DecisionKey } from '../queries/decision.ts';
import type { Submit } from './submit.ts';

/** Corrections as events on the topic of decisions. */
export function createCorrections(submit: Submit): Corrections {
  return {
    mergeOf,
    submit: (decision, by, withdrawn) => submit(correctionEvent(decision, by, withdrawn)),
  };
}

/** @throws AppError BAD_ID where no decision has such ends */
export function correctionEvent(decision: DecisionKey, by: CorrectedBy, withdrawn: boolean): TypedEvent {
  return decisionEvent(decidedOf(decision), { ...by, withdrawn });
}

/** A domain stands for whoever owns it while nobody claims it: to merge that owner is to say whose the domain is. */
function mergeOf(a: Reference, b: Reference): readonly DecisionKey[] {
  if (a.kind === 'organization' && b.kind === 'organization') return [merged(a, b)];
  if (a.kind === 'domain' && b.kind === 'domain') {
    // Each domain gets an organization called like it; then the two are one.
    const [ofA, ofB] = [calledLike(a.name), calledLike(b.name)];
    return [owned(a, ofA), owned(b, ofB), merged(ofA, ofB)];
  }
  return [a.kind === 'domain' ? owned(a, b) : owned(b, a)];
}

type Organization = Extract<Reference, { kind: 'organization' }>;

const calledLike = (domain: string): Organization => ({ kind: 'organization', key: `${ANALYST}:${domain}` });

/** The pair is unordered, so it is named in one order. */
function merged(a: Organization, b: Organization): DecisionKey {
  const [subject, object] = a.key < b.key ? [a, b] : [b, a];
  return { kind: 'MERGED', subject, service: undefined, object };
}

const owned = (subject: Reference, object: Reference): DecisionKey => ({
  kind: 'OWNED',
  subject,
  service: undefined,
  object,
});

function decidedOf({ kind, subject, service, object }: DecisionKey): Decided {
  if ((kind === 'CONFIRMED' || kind === 'DISMISSED') && service !== undefined)
    return { kind, subject, service, object };
  if (object.kind === 'organization') {
    if (kind === 'OWNED' && subject.kind === 'domain') {
      return { kind, domain: subject.name, organization: object.key };
    }
    if (kind === 'MERGED' && subject.kind === 'organization') {
      return { kind, organizations: [subject.key, object.key] };
    }
  }
  throw new AppError('BAD_ID', 'This is not an id that AVD has given.');
}

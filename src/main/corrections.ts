import { createHash } from 'node:crypto';
import type { RawDocument, TypedEvent } from '../../consumers/document.ts';
import type { DomainEnd, End, OrganizationEnd } from '../../consumers/partner-relationships/end.ts';
import {
  belongsToEvent,
  dismissedEvent,
  mergeEvent,
  type Stating,
  usesEvent,
} from '../../consumers/partner-relationships/events.ts';
import type { CorrectedBy, Corrections } from '../api/corrections.ts';
import { AppError } from '../errors.ts';
import type { Reference } from '../graph/actions.ts';
import { ANALYST, type DecisionKey } from '../queries/decision.ts';
import type { Submit } from './submit.ts';

/** Corrections as statements of the source `analyst`, on the topics that partners' statements come by. */
export function createCorrections(submit: Submit): Corrections {
  return {
    mergeOf,
    submit: (decision, by, withdrawn) => submit(correctionEvent(decision, by, withdrawn)),
  };
}

/** A domain stands for whoever owns it while nobody claims it: to merge that owner is to say whose the domain is. */
function mergeOf(a: Reference, b: Reference): readonly DecisionKey[] {
  if (a.kind === 'organization' && b.kind === 'organization') return [decided('MERGED', a, b)];
  if (a.kind === 'domain' && b.kind === 'domain') {
    // Each domain gets an organization called like it; then the two are one.
    const [ofA, ofB] = [calledLike(a.name), calledLike(b.name)];
    return [decided('OWNED', a, ofA), decided('OWNED', b, ofB), decided('MERGED', ofA, ofB)];
  }
  return [a.kind === 'domain' ? decided('OWNED', a, b) : decided('OWNED', b, a)];
}

const calledLike = (domain: string): Reference => ({ kind: 'organization', key: `${ANALYST}:${domain}` });

function decided(kind: 'MERGED' | 'OWNED', subject: Reference, object: Reference): DecisionKey {
  const isOrdered = kind === 'OWNED' || endOf(subject).key < endOf(object).key;
  const [first, second] = isOrdered ? [subject, object] : [object, subject];
  return { kind, subject: first, service: undefined, object: second };
}

/** @throws AppError INTERNAL where the decision is of a shape that none has */
export function correctionEvent(decision: DecisionKey, by: CorrectedBy, withdrawn: boolean): TypedEvent {
  const { kind, subject, service, object } = decision;
  const stating = statingOf(decision, by, withdrawn);
  const [from, to] = [endOf(subject), endOf(object)];
  if (kind === 'CONFIRMED' && service !== undefined) return usesEvent(from, service, to, undefined, stating);
  if (kind === 'DISMISSED' && service !== undefined) return dismissedEvent(from, service, to, stating);
  if (kind === 'OWNED' && from.kind === 'domain' && to.kind === 'organization')
    return belongsToEvent(from, to, stating);
  if (kind === 'MERGED' && from.kind === 'organization' && to.kind === 'organization')
    return mergeEvent(from, to, stating);
  throw new AppError('INTERNAL', 'A decision has ends that none of its kind has.');
}

type KnownEnd = (DomainEnd | OrganizationEnd) & { readonly key: string };

/** Names are left as others give them; only an organization that was made for a domain is called like it. */
function endOf(reference: Reference): KnownEnd & End {
  if (reference.kind === 'domain') {
    return { kind: 'domain', name: reference.name, host: reference.name, key: reference.name };
  }
  const prefix = `${ANALYST}:`;
  const { key } = reference;
  return key.startsWith(prefix)
    ? { kind: 'organization', key, spelling: key.slice(prefix.length), isNamedByDomain: true }
    : { kind: 'organization', key, spelling: '' };
}

/** The decision itself is the document that it is read from. */
function statingOf(decision: DecisionKey, { author, reason, time }: CorrectedBy, retracted: boolean): Stating {
  const bytes = Buffer.from(JSON.stringify({ ...decision, author, reason, time, retracted }));
  const document: RawDocument = {
    source: ANALYST,
    stream: 'partner-relationships',
    format: undefined,
    observedAt: undefined,
    document: createHash('sha256').update(bytes).digest('hex'),
    place: 'a correction',
    columns: undefined,
    bytes,
    producedAt: time,
  };
  return { document, record: '', time, retracted, confidence: 1, why: { author, reason } };
}

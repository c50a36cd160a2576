import type { Sources } from '../../src/governance/sources.ts';
import { printableName } from '../../src/identity/organization-key.ts';
import type { RawDocument, TypedEvent } from '../document.ts';
import { printableText } from '../printable-text.ts';
import { type Fault, PUBLIC_ONLY } from '../refusal.ts';
import { type End, identityOf, readEnd } from './end.ts';
import { belongsToEvent, mergeEvent, mergeOwnersEvents, partOfEvent, type Stating, usesEvent } from './events.ts';
import type { EndKind, StatementFields } from './statement-fields.ts';

export type Stated = { readonly events: readonly TypedEvent[] } | { readonly refusal: Fault };

/** What the ends are, where neither their label nor the statement says. */
const DEFAULT_KINDS: Readonly<Record<StatementFields['type'], readonly [EndKind, EndKind]>> = {
  uses: ['domain', 'domain'],
  belongsTo: ['domain', 'organization'],
  partOf: ['organization', 'organization'],
  sameAs: ['organization', 'organization'],
};

/**
 * Turns one statement into events. It says only what it states: that a domain lies under a platform's private suffix
 * is for crawlers to say.
 */
export function stateOne(statement: StatementFields, document: RawDocument, sources: Sources): Stated {
  const { source } = document;
  const tenant = sources.get(source)?.tenant;
  if (tenant !== undefined && statement.type !== 'uses') return { refusal: PUBLIC_ONLY };
  const [subjectKind, objectKind] = DEFAULT_KINDS[statement.type];
  const subject = readEnd(statement.subject, statement.subjectKind ?? subjectKind, source, sources);
  if ('refusal' in subject) return inField('subject', subject.refusal);
  const object = readEnd(statement.object, statement.objectKind ?? objectKind, source, sources);
  if ('refusal' in object) return inField('object', object.refusal);
  if (identityOf(subject.end) === identityOf(object.end)) {
    return { refusal: { code: 'SUBJECT_EQUALS_OBJECT', reason: 'The subject equals the object.' } };
  }
  return relate(withName(subject.end, statement.subjectName), withName(object.end, statement.objectName), statement, {
    document,
    tenant,
  });
}

type StatedIn = Pick<Stating, 'document' | 'tenant'>;

function relate(subject: End, object: End, statement: StatementFields, where: StatedIn): Stated {
  const { time, retracted, confidence, critical } = statement;
  const stating: Stating = { ...where, record: '', time, retracted, confidence };
  switch (statement.type) {
    case 'uses':
      if (statement.service === undefined) return invalid('service is missing.');
      return { events: [usesEvent(subject, statement.service, object, critical, stating)] };
    case 'belongsTo':
      if (subject.kind !== 'domain') return invalid('The subject of belongsTo is a domain.');
      if (object.kind !== 'organization') return invalid('The object of belongsTo is an organization.');
      return { events: [belongsToEvent(subject, object, stating)] };
    case 'partOf':
      if (subject.kind !== 'organization' || object.kind !== 'organization') {
        return invalid('partOf relates two organizations; say first by belongsTo who owns the domain.');
      }
      return { events: [partOfEvent(subject, object, stating)] };
    case 'sameAs':
      return { events: mergeEvents(subject, object, statement, stating) };
  }
}

/** A domain stands for whoever owns it while nobody claims it. To merge that owner is to say whose the domain is. */
function mergeEvents(subject: End, object: End, statement: StatementFields, stating: Stating): TypedEvent[] {
  const why = { author: printableName(statement.author), reason: printableText(statement.reason, 1000) };
  if (subject.kind === 'domain') {
    return object.kind === 'domain'
      ? mergeOwnersEvents(subject, object, why, stating)
      : [belongsToEvent(subject, object, stating)];
  }
  return object.kind === 'domain'
    ? [belongsToEvent(object, subject, stating)]
    : [mergeEvent(subject, object, why, stating)];
}

/** A name that the statement gives besides a key. */
function withName(end: End, name: string): End {
  const spelling = printableName(name);
  return end.kind === 'organization' && spelling !== '' ? { ...end, spelling } : end;
}

function inField(field: 'subject' | 'object', { code, reason }: Fault): Stated {
  return { refusal: { code, reason: `${field}: ${reason}` } };
}

function invalid(reason: string): Stated {
  return { refusal: { code: 'FIELD_INVALID', reason } };
}

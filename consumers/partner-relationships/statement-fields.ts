import type { Service } from '../../src/identity/service.ts';
import { SERVICES } from '../../src/identity/service.ts';
import type { RawDocument } from '../document.ts';
import { checkTime } from '../document.ts';
import { type Fault, quote, type RefusalCode } from '../refusal.ts';
import { parseTime } from '../time.ts';

export const STATEMENT_TYPES = ['uses', 'belongsTo', 'partOf', 'sameAs'] as const;
export type StatementType = (typeof STATEMENT_TYPES)[number];
export type EndKind = 'domain' | 'organization';

/** One statement as its line or row says it; the names of its ends are not looked at yet. */
export interface StatementFields {
  readonly type: StatementType;
  readonly subject: string;
  readonly object: string;
  /** Present exactly for `uses`. */
  readonly service: Service | undefined;
  readonly confidence: number;
  /** Milliseconds since 1970, UTC. */
  readonly time: number;
  readonly retracted: boolean;
  readonly critical: boolean | undefined;
  readonly reason: string;
  readonly author: string;
  readonly subjectKind: EndKind | undefined;
  readonly objectKind: EndKind | undefined;
  readonly subjectName: string;
  readonly objectName: string;
}

/** Every field there is. Another one is refused: a misspelt `retracted` would turn a retraction into its contrary. */
const FIELDS = new Set([
  'type',
  'subject',
  'object',
  'service',
  'confidence',
  'observedAt',
  'retracted',
  'critical',
  'reason',
  'author',
  'subjectKind',
  'objectKind',
  'subjectName',
  'objectName',
]);
const NUMBERS = new Set(['confidence']);
const BOOLEANS = new Set(['retracted', 'critical']);

/** Thrown and caught inside this file only, so that each field can be read in one line. */
class FieldFault extends Error {
  constructor(readonly fault: Fault) {
    super(fault.reason);
  }
}

const fail = (code: RefusalCode, reason: string): never => {
  throw new FieldFault({ code, reason });
};

/**
 * A CSV row as the fields of a JSON line: `observed_at` is `observedAt`, an empty column is an absent field, numbers
 * and booleans are read from their text.
 */
export function fieldsOfRow(record: ReadonlyMap<string, string>): ReadonlyMap<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const [column, text] of record) {
    const name = column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (text === '' && name !== 'subject' && name !== 'object') {
      // Known or not, the column must still be one that there is.
      if (!FIELDS.has(name)) fields.set(name, null);
      continue;
    }
    const word = text.trim().toLowerCase();
    if (NUMBERS.has(name) && word !== '' && Number.isFinite(Number(word))) fields.set(name, Number(word));
    else if (BOOLEANS.has(name) && (word === 'true' || word === 'false')) fields.set(name, word === 'true');
    else fields.set(name, text);
  }
  return fields;
}

/** Checks the fields of one statement. What is `null` counts as absent. */
export function readStatement(
  fields: ReadonlyMap<string, unknown>,
  document: RawDocument,
): { readonly statement: StatementFields } | { readonly refusal: Fault } {
  try {
    return { statement: statementOf(fields, document) };
  } catch (error) {
    if (error instanceof FieldFault) return { refusal: error.fault };
    throw error;
  }
}

function statementOf(fields: ReadonlyMap<string, unknown>, document: RawDocument): StatementFields {
  for (const name of fields.keys()) if (!FIELDS.has(name)) fail('UNKNOWN_FIELD', `Unknown field ${quote(name)}.`);
  const type = typeOf(requiredText(fields, 'type'));
  return {
    type,
    subject: requiredText(fields, 'subject'),
    object: requiredText(fields, 'object'),
    service: type === 'uses' ? serviceOf(requiredText(fields, 'service')) : undefined,
    confidence: confidenceOf(fields.get('confidence')),
    time: timeOf(fields.get('observedAt'), document),
    retracted: flag(fields, 'retracted') ?? false,
    critical: flag(fields, 'critical'),
    reason: text(fields, 'reason', 1000),
    author: text(fields, 'author', 200),
    subjectKind: kindOf(text(fields, 'subjectKind', 20), 'subjectKind'),
    objectKind: kindOf(text(fields, 'objectKind', 20), 'objectKind'),
    subjectName: text(fields, 'subjectName', 200),
    objectName: text(fields, 'objectName', 200),
  };
}

function requiredText(fields: ReadonlyMap<string, unknown>, name: string): string {
  const value = fields.get(name) ?? fail('FIELD_MISSING', `${name} is missing.`);
  if (typeof value !== 'string') return fail('FIELD_INVALID', `${name} is not text.`);
  return value === '' ? fail('NAME_EMPTY', `${name} is empty.`) : value;
}

function text(fields: ReadonlyMap<string, unknown>, name: string, longest: number): string {
  const value = fields.get(name) ?? '';
  if (typeof value !== 'string') return fail('FIELD_INVALID', `${name} is not text.`);
  if (value.length > longest) return fail('FIELD_INVALID', `${name} is longer than ${longest} characters.`);
  return value;
}

function flag(fields: ReadonlyMap<string, unknown>, name: string): boolean | undefined {
  const value = fields.get(name) ?? undefined;
  return value === undefined || typeof value === 'boolean'
    ? value
    : fail('FIELD_INVALID', `${name} is neither true nor false.`);
}

/** The words of a closed list, whatever their case and their hyphens. */
const folded = (word: string) => word.toLowerCase().replace(/[-_ ]/g, '');
const TYPES = new Map(STATEMENT_TYPES.map((type) => [folded(type), type]));
const SERVICE_WORDS = new Map(SERVICES.map((service) => [folded(service), service]));

function typeOf(word: string): StatementType {
  const known = STATEMENT_TYPES.join(', ');
  return TYPES.get(folded(word)) ?? fail('UNKNOWN_TYPE', `Unknown type ${quote(word)}; known are ${known}.`);
}

function serviceOf(word: string): Service {
  const known = SERVICES.join(', ').toLowerCase();
  return (
    SERVICE_WORDS.get(folded(word)) ?? fail('UNKNOWN_SERVICE', `Unknown service ${quote(word)}; known are ${known}.`)
  );
}

function kindOf(word: string, name: string): EndKind | undefined {
  if (word === '') return undefined;
  const kind = word.toLowerCase();
  return kind === 'domain' || kind === 'organization'
    ? kind
    : fail('FIELD_INVALID', `${name} is neither domain nor organization.`);
}

function confidenceOf(value: unknown): number {
  if (value === undefined || value === null) return 1;
  if (typeof value !== 'number') return fail('FIELD_INVALID', 'confidence is not a number.');
  return value >= 0 && value <= 1 ? value : fail('OUT_OF_RANGE', 'confidence is out of range 0 to 1.');
}

function timeOf(value: unknown, document: RawDocument): number {
  const parsed = value === undefined || value === null ? undefined : parseTime(value, 'observedAt');
  if (parsed !== undefined && 'refusal' in parsed) throw new FieldFault(parsed.refusal);
  const time =
    parsed?.time ?? document.observedAt ?? fail('TIME_MISSING', 'Neither observedAt nor --observed-at says when.');
  const wrong = checkTime(time, document);
  if (wrong !== undefined) throw new FieldFault({ code: wrong.code, reason: `observedAt: ${wrong.reason}` });
  return time;
}

import { normaliseHost, registrableDomain } from '../../src/identity/domain-name.ts';
import { checkTime, type RawDocument } from '../document.ts';
import { itemsOf, textOf } from '../fields.ts';
import type { Fault } from '../refusal.ts';
import { parseDay, parseTime } from '../time.ts';
import { type Affected, LONGEST_ID, type ReadIncident } from './incident.ts';

type Fields = Readonly<Record<string, unknown>>;

const fault = (code: Fault['code'], reason: string) => ({ refusal: { code, reason } });

/**
 * Reads one breach of Have I Been Pwned (https://haveibeenpwned.com/API/v3#BreachModel). A breach without a domain is
 * one that affects nobody AVD could name; its title is no organization. `Description` holds HTML and stays text.
 */
export function readBreach(fields: Fields, document: RawDocument): ReadIncident {
  const id = textOf(fields.Name);
  if (id === undefined) return fault('FIELD_MISSING', 'Name is missing.');
  if (id.length > LONGEST_ID) return fault('FIELD_INVALID', `Name is longer than ${LONGEST_ID} characters.`);
  const times = readTimes(fields, document);
  if ('refusal' in times) return times;
  const count = readCount(fields.PwnCount);
  if ('refusal' in count) return count;
  const affected = readDomain(fields.Domain);
  if ('refusal' in affected) return affected;
  return {
    incident: {
      id,
      kind: 'BREACH',
      title: textOf(fields.Title) ?? id,
      description: textOf(fields.Description) ?? '',
      ...times,
      precision: 'DAY',
      affectedCount: count.count,
      dataClasses: itemsOf(fields.DataClasses).flatMap((name) => textOf(name) ?? []),
      verified: fields.IsVerified === true,
      fabricated: fields.IsFabricated === true,
      affected: affected.affected,
    },
  };
}

interface Times {
  readonly occurred: string;
  readonly reportedAt: number;
  readonly modifiedAt: number;
}

function readTimes(fields: Fields, document: RawDocument): Times | { readonly refusal: Fault } {
  const breached = parseDay(fields.BreachDate, 'BreachDate');
  if ('refusal' in breached) return breached;
  const added = readTime(fields.AddedDate, 'AddedDate', document.observedAt, document);
  if ('refusal' in added) return added;
  const modified = readTime(fields.ModifiedDate, 'ModifiedDate', added.time, document);
  if ('refusal' in modified) return modified;
  if (breached.time > added.time) return fault('CONTRADICTION', 'BreachDate lies after AddedDate.');
  return { occurred: String(fields.BreachDate), reportedAt: added.time, modifiedAt: modified.time };
}

function readTime(
  value: unknown,
  field: string,
  otherwise: number | undefined,
  document: RawDocument,
): { readonly time: number } | { readonly refusal: Fault } {
  const absent = value === undefined || value === null;
  if (absent && otherwise === undefined) return fault('TIME_MISSING', `${field} is missing.`);
  const read = absent && otherwise !== undefined ? { time: otherwise } : parseTime(value, field);
  if ('refusal' in read) return read;
  const wrong = checkTime(read.time, document);
  return wrong === undefined ? read : fault(wrong.code, `${field}: ${wrong.reason}`);
}

function readCount(value: unknown): { readonly count: number | undefined } | { readonly refusal: Fault } {
  if (value === undefined || value === null) return { count: undefined };
  if (!Number.isSafeInteger(value)) return fault('FIELD_INVALID', 'PwnCount is not a whole number.');
  return Number(value) < 0 ? fault('OUT_OF_RANGE', 'PwnCount is negative.') : { count: Number(value) };
}

function readDomain(value: unknown): { readonly affected: Affected | undefined } | { readonly refusal: Fault } {
  if (value === undefined || value === null || value === '') return { affected: undefined };
  if (typeof value !== 'string') return fault('FIELD_INVALID', 'Domain is not text.');
  const normal = normaliseHost(value);
  if ('refusal' in normal) return fault(normal.refusal.code, `Domain: ${normal.refusal.reason}`);
  const name = registrableDomain(normal.host);
  return name === undefined
    ? fault('NO_REGISTRABLE_DOMAIN', 'Domain: No registrable domain.')
    : { affected: { kind: 'domain', name, host: normal.host } };
}

import type { DatePrecision } from '../../src/graph/actions.ts';
import { organizationKey } from '../../src/identity/organization-key.ts';
import { checkTime, type RawDocument } from '../document.ts';
import { isRecord, itemsOf, recordOf, textOf } from '../fields.ts';
import type { Fault } from '../refusal.ts';
import { isDay, parseTime } from '../time.ts';
import { type Affected, LONGEST_ID, type ReadIncident } from './incident.ts';

type Fields = Readonly<Record<string, unknown>>;

const fault = (code: Fault['code'], reason: string) => ({ refusal: { code, reason } });

/**
 * Reads one incident in the shape of VERIS 1.3 (http://veriscommunity.net/schema-docs.html). The victim is an
 * organization by its name; a partner through whom the attacker came is not. A false positive is no incident; a near
 * miss is one that nobody confirmed.
 */
export function readVerisIncident(fields: Fields, document: RawDocument): ReadIncident {
  const id = textOf(fields.incident_id);
  if (id === undefined) return fault('FIELD_MISSING', 'incident_id is missing.');
  if (id.length > LONGEST_ID) return fault('FIELD_INVALID', `incident_id is longer than ${LONGEST_ID} characters.`);
  if (fields.security_incident === 'False positive') return { filtered: true };
  const period = readPeriod(recordOf(fields.timeline).incident);
  if ('refusal' in period) return period;
  const times = readTimes(fields, period, document);
  if ('refusal' in times) return times;
  const victim = readVictim(recordOf(fields.victim).victim_id, document);
  if ('refusal' in victim) return victim;
  const { confidentiality } = recordOf(fields.attribute);
  const count = readCount(recordOf(confidentiality).data_total);
  if ('refusal' in count) return count;
  return {
    incident: {
      id,
      kind: isOutage(fields) ? 'OUTAGE' : 'BREACH',
      title: (victim.affected?.kind === 'organization' && victim.affected.spelling) || `Incident ${id}`,
      description: textOf(fields.summary) ?? '',
      occurred: period.occurred,
      precision: period.precision,
      ...times,
      affectedCount: count.count,
      dataClasses: itemsOf(recordOf(confidentiality).data).flatMap((data) => textOf(recordOf(data).variety) ?? []),
      verified: fields.security_incident === 'Confirmed',
      fabricated: false,
      affected: victim.affected,
    },
  };
}

/** Something was not available, and nothing was disclosed or changed. */
function isOutage(fields: Fields): boolean {
  const { availability, confidentiality, integrity } = recordOf(fields.attribute);
  const disclosed = isRecord(confidentiality) && confidentiality.data_disclosure !== 'No';
  return isRecord(availability) && !disclosed && !isRecord(integrity);
}

interface Period {
  readonly occurred: string;
  readonly precision: DatePrecision;
  /** The period's last millisecond, since 1970, UTC. */
  readonly end: number;
}

/** The date as precise as it is known: only the year is a year, and not its first day. */
function readPeriod(value: unknown): Period | { readonly refusal: Fault } {
  const { year, month, day } = recordOf(value);
  const noDate = fault('TIME_INVALID', 'timeline.incident is no date.');
  if (!isWithin(year, 1900, 9999)) return noDate;
  const yyyy = String(year);
  if (absent(month)) {
    return absent(day) ? { occurred: yyyy, precision: 'YEAR', end: Date.UTC(year + 1, 0, 1) - 1 } : noDate;
  }
  if (!isWithin(month, 1, 12)) return noDate;
  const mm = String(month).padStart(2, '0');
  if (absent(day)) return { occurred: `${yyyy}-${mm}`, precision: 'MONTH', end: Date.UTC(year, month, 1) - 1 };
  if (!isWithin(day, 1, 31) || !isDay(year, month, day)) return noDate;
  const dd = String(day).padStart(2, '0');
  return { occurred: `${yyyy}-${mm}-${dd}`, precision: 'DAY', end: Date.UTC(year, month - 1, day + 1) - 1 };
}

function absent(value: unknown): boolean {
  return value === undefined || value === null;
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

/**
 * When it was reported and last changed: what the record says of itself, else `--observed-at`, else the end of the
 * period in which it happened, once that is over.
 */
function readTimes(
  fields: Fields,
  period: Period,
  document: RawDocument,
): { readonly reportedAt: number; readonly modifiedAt: number } | { readonly refusal: Fault } {
  const { created, modified } = recordOf(fields.plus);
  const createdAt = absent(created) ? undefined : parseTime(created, 'plus.created');
  if (createdAt !== undefined && 'refusal' in createdAt) return createdAt;
  const modifiedAt = absent(modified) ? createdAt : parseTime(modified, 'plus.modified');
  if (modifiedAt !== undefined && 'refusal' in modifiedAt) return modifiedAt;
  const over = period.end <= document.producedAt ? period.end : undefined;
  const time = modifiedAt?.time ?? document.observedAt ?? over;
  if (time === undefined) {
    return fault(
      'TIME_MISSING',
      'The incident states no time, and its period is not over: --observed-at has to say when.',
    );
  }
  const reportedAt = createdAt?.time ?? time;
  const wrong = checkTime(time, document) ?? checkTime(reportedAt, document);
  return wrong === undefined ? { reportedAt, modifiedAt: time } : { refusal: wrong };
}

function readVictim(
  value: unknown,
  document: RawDocument,
): { readonly affected: Affected | undefined } | { readonly refusal: Fault } {
  const label = textOf(value);
  if (label === undefined || /^\s*unknown\s*$/i.test(label)) return { affected: undefined };
  const read = organizationKey(document.source, label);
  if ('refusal' in read) return fault(read.refusal.code, `victim.victim_id: ${read.refusal.reason}`);
  return { affected: { kind: 'organization', key: read.key, spelling: read.name } };
}

function readCount(value: unknown): { readonly count: number | undefined } | { readonly refusal: Fault } {
  if (absent(value)) return { count: undefined };
  if (!Number.isSafeInteger(value)) return fault('FIELD_INVALID', 'data_total is not a whole number.');
  return Number(value) < 0 ? fault('OUT_OF_RANGE', 'data_total is negative.') : { count: Number(value) };
}

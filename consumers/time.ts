import type { Fault } from './refusal.ts';

const ISO_TIME = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:Z|([+-])(\d\d):?(\d\d))$/i;
const ISO_DAY = /^(\d{4})-(\d\d)-(\d\d)$/;

export type ParsedTime = { readonly time: number } | { readonly refusal: Fault };

function fault(reason: string): ParsedTime {
  return { refusal: { code: 'TIME_INVALID', reason } };
}

function epochHint(value: unknown): string {
  const text = String(value);
  if (/^\d{9,10}$/.test(text)) return ' (it looks like seconds since 1970)';
  if (/^\d{12,13}$/.test(text)) return ' (it looks like milliseconds since 1970)';
  return '';
}

/** Whether the proleptic Gregorian calendar has this day; `month` and `day` count from 1. */
export function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/**
 * Reads an ISO 8601 time that states its offset, such as `2026-10-01T14:00:00+02:00`. A number is refused rather than
 * guessed at: seconds and milliseconds look alike. A day that does not exist is refused, not rolled over.
 * @param field named in the reason: "observedAt is not an ISO 8601 time…"
 * @returns milliseconds since 1970, UTC; what lies below the millisecond is dropped
 */
export function parseTime(value: unknown, field: string): ParsedTime {
  const match = typeof value === 'string' ? ISO_TIME.exec(value.trim()) : null;
  if (match === null) return fault(`${field} is not an ISO 8601 time with its offset${epochHint(value)}.`);
  const part = (index: number) => Number(match[index] ?? 0);
  if (!isDay(part(1), part(2), part(3))) return fault(`${field} names no such day.`);
  if (part(4) > 23 || part(5) > 59 || part(6) > 60 || part(9) > 23 || part(10) > 59) {
    return fault(`${field} names no such time of day.`);
  }
  const day = new Date(0);
  day.setUTCFullYear(part(1), part(2) - 1, part(3));
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const offset = (match[8] === '-' ? -1 : 1) * (part(9) * 60 + part(10));
  return { time: day.getTime() + ((part(4) * 60 + part(5) - offset) * 60 + part(6)) * 1000 + milliseconds };
}

/** Reads a day, `2026-01-15`, as its midnight in UTC. */
export function parseDay(value: unknown, field: string): ParsedTime {
  const match = typeof value === 'string' ? ISO_DAY.exec(value) : null;
  if (match === null) return fault(`${field} is not a day like 2026-01-15.`);
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (!isDay(year, month, day)) return fault(`${field} names no such day.`);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return { time: date.getTime() };
}

import { parseDay, parseTime } from '../../consumers/time.ts';
import { AppError } from '../errors.ts';

/**
 * Reads a time that somebody typed: a day (its first instant, in UTC) or a time with its offset.
 * @returns milliseconds since 1970, UTC
 * @throws AppError USAGE
 */
export function readTime(text: string, option: string): number {
  const day = parseDay(text, option);
  const read = 'time' in day ? day : parseTime(text, option);
  if ('refusal' in read) throw new AppError('USAGE', read.refusal.reason);
  return read.time;
}

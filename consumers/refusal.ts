import type { NameFault } from '../src/identity/domain-name.ts';

/**
 * Why input can be refused, as a closed list: each code with its meaning. Only what would fail again is refused; a
 * server that is away is not a reason.
 */
export const REFUSALS = {
  // the file and the document
  TOO_LARGE: 'The document is larger than 16 MiB once inflated.',
  MALFORMED_GZIP: 'The file begins like gzip and ends or continues like something else.',
  UTF16: 'The file is UTF-16; AVD reads UTF-8.',
  INVALID_UTF8: 'The bytes are not UTF-8.',
  UNKNOWN_FORMAT: 'No format of the stream looks like this.',
  NULL_VALUE: 'The message has no value; a retraction is an ordinary message.',
  UNKNOWN_SOURCE: 'The source is not declared in governance/sources.yaml.',
  SOURCE_NOT_ALLOWED: 'The source is declared, but may not write this stream.',
  DIGEST_MISMATCH: 'The bytes are not those whose digest the message states.',
  // the text
  MALFORMED_JSON: 'The text is not JSON.',
  DUPLICATE_KEY: 'An object has the same key twice; neither value is taken.',
  NESTED_TOO_DEEPLY: 'The JSON is nested deeper than 100 levels.',
  UNCLOSED_QUOTE: 'A quote in a CSV row does not close where a field ends.',
  WRONG_COLUMN_COUNT: 'A CSV row has another number of columns than its header.',
  MISSING_COLUMN: 'A CSV header lacks a column that the format needs, or names one twice.',
  // the fields
  FIELD_MISSING: 'A field that the format needs is missing or empty.',
  FIELD_INVALID: 'A field is of another type or form than the format asks for.',
  UNKNOWN_FIELD: 'A field that the format does not have; a misspelt one would be lost in silence.',
  TOO_MANY: 'A list is longer than any honest one; what lies behind the bound is not read.',
  OUT_OF_RANGE: 'A number is outside the range of its field.',
  UNKNOWN_TYPE: 'The type of a record is none that the format has.',
  UNKNOWN_SERVICE: 'The service is none of the closed list.',
  CONTRADICTION: 'Two fields of a record cannot both be true.',
  // times
  TIME_MISSING: 'Neither the document nor `--observed-at` says when.',
  TIME_INVALID: 'Not an ISO 8601 time with its offset, or a day that no calendar has.',
  TIME_OUT_OF_RANGE: 'The time lies before 1990.',
  TIME_IN_FUTURE: 'The time lies more than a day after the message was produced.',
  // names
  NAME_EMPTY: 'A name is empty or blank.',
  NAME_TOO_LONG: 'A name or a label of it is longer than allowed.',
  NAME_WITHOUT_LETTER: 'An organization name has no letter or digit.',
  EMPTY_LABEL: 'A domain name has nothing between two dots.',
  CHARACTER_NOT_ALLOWED: 'A name holds a character that no name may hold.',
  INVALID_IDNA: 'Not a valid internationalised domain name.',
  IP_ADDRESS: 'An IP address where a domain name belongs.',
  NOT_A_DOMAIN_NAME: 'Something else (an address, a URL, a host with its port) where a domain name belongs.',
  NO_REGISTRABLE_DOMAIN: 'A public suffix or a name of one label, which nobody can register.',
  INVALID_IDENTIFIER: 'Begins like a global identifier and is none.',
  PUBLIC_ONLY: 'A source that belongs to a tenant says only who uses what: owners, groups and merges are public.',
  SUBJECT_EQUALS_OBJECT: 'The statement relates something to itself.',
  // the graph stage
  UNDECODABLE_EVENT: 'The typed message is not a valid message of its type.',
  UNWRITABLE_EVENT: 'The database refuses what the message says, each time.',
} as const;

export type RefusalCode = keyof typeof REFUSALS;

/** What is wrong, without where. */
export interface Fault {
  readonly code: RefusalCode;
  /** One sentence, bounded, free of the input's secrets and of raw control characters. */
  readonly reason: string;
}

/** What a tenant's source may not say. */
export const PUBLIC_ONLY: Fault = { code: 'PUBLIC_ONLY', reason: REFUSALS.PUBLIC_ONLY };

/** One refused document, or one refused part of it. */
export interface Refusal extends Fault {
  /** File name and line, or record: `partner.csv line 7`, `page.har entries[1]`. */
  readonly place: string;
}

const LONGEST_REASON = 400;
const LONGEST_QUOTE = 80;
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

/** The same text with whatever no terminal should get written out, as `\u{1b}`. */
export function escapeUnprintable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Says why `place` is refused. Whatever the reason holds, it comes out bounded and printable. */
export function refuse(code: RefusalCode, place: string, reason: string): Refusal {
  const printable = escapeUnprintable(reason.slice(0, LONGEST_REASON));
  return { code, place, reason: reason.length > LONGEST_REASON ? `${printable}…` : printable };
}

/** Gives a fault its place. */
export function refuseAt(place: string, fault: Fault | NameFault): Refusal {
  return refuse(fault.code, place, fault.reason);
}

/**
 * A piece of input for use in a reason: quoted, at most 80 characters, nothing unprintable.
 * Not for what may hold a secret, such as a URL.
 */
export function quote(text: string): string {
  const start = escapeUnprintable(text.slice(0, LONGEST_QUOTE));
  return `"${start}${text.length > LONGEST_QUOTE ? '…' : ''}"`;
}

import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Stream } from '../../src/stream/topics.ts';
import { bundled, type Delivery } from './deliveries.ts';

const DAY = 86_400_000;

/** How the files of one stream are delivered. */
interface Bad {
  readonly stream: Stream;
  readonly source: string;
  /** File → what of it is refused, as `line 2 CODE`; `CODE` alone for the whole file. */
  readonly files: Readonly<Record<string, readonly string[]>>;
}

/** Wrong and odd input, and what has to be refused of it. What is not listed here is accepted. */
export const BAD: readonly Bad[] = [
  {
    stream: 'page-loads',
    source: 'page-crawler',
    files: {
      'har-data-blob-urls.har': [],
      'har-entry-without-url.har': ['entries[1] FIELD_MISSING'],
      'har-gzip-bomb.har.gz': ['TOO_LARGE'],
      'har-ip-and-localhost.har': [],
      'har-no-log.har': ['FIELD_MISSING'],
      'har-no-pages.har': [],
      'har-not-gzip.har.gz': [],
      'har-refused-credentials.har': ['entries[2] FIELD_INVALID'],
      'har-url-credentials.har': [],
      'har-zero-entries.har': [],
      'json-deep-nesting.json': ['NESTED_TOO_DEEPLY'],
    },
  },
  {
    stream: 'dns',
    source: 'zdns',
    files: {
      'dns.jsonl': [
        'line 3 results.NS.answers[0] IP_ADDRESS',
        'line 4 results.CNAME.answers[1] CONTRADICTION',
        'line 5 results.TXT.answers[0] EMPTY_LABEL',
        'line 5 results.TXT.answers[0] NOT_A_DOMAIN_NAME',
      ],
    },
  },
  {
    stream: 'dns',
    source: 'webdep',
    files: {
      'dns-measurement.csv': [
        'line 2 WRONG_COLUMN_COUNT',
        'line 3 WRONG_COLUMN_COUNT',
        'line 4 FIELD_INVALID',
        'line 5 FIELD_MISSING',
      ],
    },
  },
  {
    stream: 'certificates',
    source: 'zgrab',
    files: {
      'certificates.jsonl': [
        'line 2 data.tls dns_names[1] IP_ADDRESS',
        'line 2 data.tls dns_names[2] NOT_A_DOMAIN_NAME',
        'line 2 data.tls dns_names[3] NAME_EMPTY',
        'line 2 data.tls dns_names[4] EMPTY_LABEL',
        'line 2 data.tls dns_names[5] CHARACTER_NOT_ALLOWED',
        'line 3 data.tls FIELD_MISSING',
        'line 4 data.tls CONTRADICTION',
      ],
    },
  },
  {
    stream: 'breach-incidents',
    source: 'hibp',
    files: {
      'breaches-object.json': ['line 1 FIELD_INVALID'],
      'breaches.jsonl': ['line 1 OUT_OF_RANGE', 'line 2 CONTRADICTION', 'line 7 TIME_INVALID'],
    },
  },
  {
    stream: 'partner-relationships',
    source: 'partner',
    files: {
      'csv-columns.csv': ['line 2 WRONG_COLUMN_COUNT', 'line 3 WRONG_COLUMN_COUNT'],
      'csv-formula.csv': [],
      'csv-header-only.csv': [],
      'csv-quoted-fields.csv': [],
      'csv-unclosed-quote.csv': ['line 2 UNCLOSED_QUOTE'],
      'dates.jsonl': [
        'line 1 TIME_OUT_OF_RANGE',
        'line 2 TIME_IN_FUTURE',
        'line 3 TIME_INVALID',
        'line 4 TIME_INVALID',
        'line 5 TIME_INVALID',
        'line 6 TIME_INVALID',
        'line 7 TIME_IN_FUTURE',
      ],
      'domain-names.jsonl': [
        'line 1 NAME_EMPTY',
        'line 13 INVALID_IDNA',
        'line 14 INVALID_IDNA',
        'line 15 NO_REGISTRABLE_DOMAIN',
        'line 18 NO_REGISTRABLE_DOMAIN',
        'line 22 CHARACTER_NOT_ALLOWED',
        'line 23 CHARACTER_NOT_ALLOWED',
        'line 25 NOT_A_DOMAIN_NAME',
        'line 26 EMPTY_LABEL',
        'line 5 NAME_TOO_LONG',
        'line 6 NAME_TOO_LONG',
        'line 8 IP_ADDRESS',
        'line 9 IP_ADDRESS',
      ],
      'json-duplicate-keys.jsonl': ['line 1 DUPLICATE_KEY'],
      'json-invalid-utf8.jsonl': ['line 1 INVALID_UTF8', 'line 2 INVALID_UTF8'],
      'json-latin1.jsonl': ['line 1 INVALID_UTF8'],
      'json-nan-infinity.jsonl': ['line 1 MALFORMED_JSON', 'line 2 MALFORMED_JSON', 'line 3 OUT_OF_RANGE'],
      'json-truncated.jsonl': ['line 2 MALFORMED_JSON'],
      'json-utf16le-bom.jsonl': ['UTF16'],
      'json-utf8-bom.jsonl': [],
      'name-one-megabyte.jsonl': ['line 1 NAME_TOO_LONG'],
      'prototype-pollution.jsonl': ['line 1 UNKNOWN_FIELD', 'line 2 UNKNOWN_FIELD'],
      'relationships.jsonl': [
        'line 1 SUBJECT_EQUALS_OBJECT',
        'line 10 FIELD_MISSING',
        'line 11 NAME_WITHOUT_LETTER',
        'line 12 NAME_EMPTY',
        'line 2 SUBJECT_EQUALS_OBJECT',
        'line 5 OUT_OF_RANGE',
        'line 6 OUT_OF_RANGE',
        'line 7 FIELD_INVALID',
        'line 8 UNKNOWN_SERVICE',
        'line 9 UNKNOWN_TYPE',
      ],
    },
  },
];

/** Puts the files into `folder`: the fixtures, and those that are too large or too simple to be kept as such. */
export function writeBadFiles(folder: string): void {
  cpSync(bundled('bad', 'test/fixtures'), folder, { recursive: true });
  const inFolder = (name: string) => join(folder, name);
  // What lies in the future does so whenever this runs.
  const dates = readFileSync(inFolder('dates.jsonl'), 'utf8');
  writeFileSync(
    inFolder('dates.jsonl'),
    dates.replace('2027-12-01T00:00:00Z', new Date(Date.now() + 2 * DAY).toISOString()),
  );
  writeFileSync(inFolder('har-gzip-bomb.har.gz'), gzipSync(`{"log":{"comment":"${'0'.repeat(50 * 1024 * 1024)}"}}`));
  const statement = {
    type: 'belongsTo',
    subject: 'long.example',
    object: 'x'.repeat(1024 * 1024),
    observedAt: '2026-10-01T12:00:00Z',
  };
  const neighbour = { ...statement, subject: 'neighbour.example', object: 'Neighbour Ltd' };
  writeFileSync(inFolder('name-one-megabyte.jsonl'), `${JSON.stringify(statement)}\n${JSON.stringify(neighbour)}\n`);
  const har = JSON.parse(readFileSync(inFolder('har-url-credentials.har'), 'utf8'));
  const [first] = har.log.entries;
  har.log.entries.push({
    ...first,
    request: { ...first.request, url: 'https://user:FAKE-PASSWORD-4@?token=FAKE-TOKEN-5' },
  });
  writeFileSync(inFolder('har-refused-credentials.har'), JSON.stringify(har));
}

/** The files, as they are delivered from `folder`. */
export function badDeliveries(folder: string): Delivery[] {
  // For those that state no time themselves.
  const observedAt = '2026-10-01T12:00:00Z';
  return BAD.flatMap(({ stream, source, files }) =>
    Object.keys(files).map((name) => ({ stream, source, file: join(folder, name), observedAt })),
  );
}

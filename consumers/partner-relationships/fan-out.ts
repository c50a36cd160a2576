import { readRecord } from '../csv.ts';
import type { FanOut, Knowledge, RawDocument } from '../document.ts';
import { isRecord } from '../fields.ts';
import { decodeText, parseJson } from '../json.ts';
import { refuse, refuseAt } from '../refusal.ts';
import { fanOutEntity } from './entities.ts';
import { PROVIDER_COLUMNS, partnerRelationshipFormats, RELATIONSHIP_COLUMNS, SITE_COLUMNS } from './formats.ts';
import { stateProvider, stateSite } from './imc2020.ts';
import { type Stated, stateOne } from './statement.ts';
import { fieldsOfRow, readStatement } from './statement-fields.ts';

/** Fans one line or row of a partner's delivery out: mostly one event, for an entity one a domain. */
export function fanOutPartnerRelationships(document: RawDocument, { sources }: Knowledge): FanOut {
  switch (document.format ?? recognise(document)) {
    case 'imc2020-sites-csv':
      return fanOutRow(document, SITE_COLUMNS, (row) => stateSite(row, document, sources));
    case 'imc2020-providers-csv':
      return fanOutRow(document, PROVIDER_COLUMNS, (row) => stateProvider(row, document, sources));
    case 'relationships-csv':
      return fanOutRow(document, RELATIONSHIP_COLUMNS, (row) => {
        const read = readStatement(fieldsOfRow(row), document);
        return 'refusal' in read ? read : stateOne(read.statement, document, sources);
      });
    case 'entities-jsonl':
      return fanOutJson(document, (value) => fanOutEntity(value, document, sources));
    case 'relationships-jsonl':
      return fanOutJson(document, (value) => {
        if (!isRecord(value)) return refused(document, { code: 'FIELD_INVALID', reason: 'The line is not an object.' });
        const read = readStatement(new Map(Object.entries(value)), document);
        return asFanOut('refusal' in read ? read : stateOne(read.statement, document, sources), document);
      });
    default: {
      const known = partnerRelationshipFormats.map((format) => format.id).join(', ');
      const reason = `No format of partner-relationships looks like this; known are ${known}.`;
      return { events: [], refused: [refuse('UNKNOWN_FORMAT', document.place, reason)], filtered: 0 };
    }
  }
}

/** A message of another producer may leave its format out. */
function recognise({ columns, bytes }: RawDocument): string | undefined {
  const text = decodeText(bytes);
  const line = columns ?? ('text' in text ? text.text.trimStart() : '{');
  return partnerRelationshipFormats.find((format) => format.recognise(line))?.id;
}

function fanOutJson(document: RawDocument, read: (value: unknown) => FanOut): FanOut {
  const parsed = parseJson(document.bytes);
  return 'refusal' in parsed ? refused(document, parsed.refusal) : read(parsed.value);
}

function fanOutRow(
  document: RawDocument,
  columns: readonly string[],
  read: (row: ReadonlyMap<string, string>) => Stated,
): FanOut {
  const row = readRecord(document.columns ?? '', document.bytes, columns);
  return 'refusal' in row ? refused(document, row.refusal) : asFanOut(read(row.record), document);
}

function asFanOut(stated: Stated, document: RawDocument): FanOut {
  return 'refusal' in stated
    ? refused(document, stated.refusal)
    : { events: [...stated.events], refused: [], filtered: 0 };
}

function refused(document: RawDocument, fault: Parameters<typeof refuseAt>[1]): FanOut {
  return { events: [], refused: [refuseAt(document.place, fault)], filtered: 0 };
}

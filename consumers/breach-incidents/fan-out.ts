import type { FanOut, Knowledge, RawDocument, TypedEvent } from '../document.ts';
import { isRecord } from '../fields.ts';
import { parseJson } from '../json.ts';
import { type Fault, type Refusal, refuseAt } from '../refusal.ts';
import { readBreach } from './hibp.ts';
import { incidentEvent, type ReadIncident } from './incident.ts';
import { readVerisIncident } from './veris.ts';

/**
 * Fans a list of incidents, or one incident, out. Which publisher's shape an incident has, its own fields tell. An
 * object around a list is refused: nothing says what else it means.
 */
export function fanOutBreachIncidents(document: RawDocument, _knowledge: Knowledge): FanOut {
  const parsed = parseJson(document.bytes);
  if ('refusal' in parsed) return refused(document, parsed.refusal);
  if (Array.isArray(parsed.value)) return fanOutList(parsed.value, document);
  const read = readIncident(parsed.value, document);
  if ('refusal' in read) return refused(document, read.refusal);
  if ('filtered' in read) return { events: [], refused: [], filtered: 1 };
  return { events: [incidentEvent(read.incident, '', document)], refused: [], filtered: 0 };
}

function fanOutList(items: readonly unknown[], document: RawDocument): FanOut {
  const events: TypedEvent[] = [];
  const refusals: Refusal[] = [];
  let filtered = 0;
  for (const [index, item] of items.entries()) {
    const record = `[${index}]`;
    const read = readIncident(item, document);
    if ('refusal' in read) refusals.push(refuseAt(`${document.place} ${record}`, read.refusal));
    else if ('filtered' in read) filtered++;
    else events.push(incidentEvent(read.incident, record, document));
  }
  return { events, refused: refusals, filtered };
}

function readIncident(value: unknown, document: RawDocument): ReadIncident {
  if (isRecord(value)) {
    if ('incident_id' in value) return readVerisIncident(value, document);
    if ('Name' in value) return readBreach(value, document);
  }
  const reason = 'Expected an array of incidents, or one incident with a Name (HIBP) or an incident_id (VERIS).';
  return { refusal: { code: 'FIELD_INVALID', reason } };
}

function refused(document: RawDocument, fault: Fault): FanOut {
  return { events: [], refused: [refuseAt(document.place, fault)], filtered: 0 };
}

import type { Format } from '../format.ts';

/**
 * Breaches as Have I Been Pwned publishes them (https://haveibeenpwned.com/API/v3): an array, or one object a line; and
 * incidents in the shape of VERIS 1.3 (http://veriscommunity.net), one a line. A file of lines may mix the two: what a
 * line is, its own fields tell.
 */
export const breachIncidentFormats: readonly Format[] = [
  // An object over several lines is no list of breaches, and is refused as one document instead of line by line.
  { id: 'hibp-json', framing: 'whole', recognise: (firstLine) => firstLine.startsWith('[') || firstLine === '{' },
  {
    id: 'veris-jsonl',
    framing: 'lines',
    recognise: (firstLine) => firstLine.startsWith('{') && /"(?:incident_id|victim)"/.test(firstLine),
  },
  { id: 'hibp-jsonl', framing: 'lines', recognise: (firstLine) => firstLine.startsWith('{') },
];

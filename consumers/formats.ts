import type { Stream } from '../src/stream/topics.ts';
import { breachIncidentFormats } from './breach-incidents/formats.ts';
import { certificateFormats } from './certificates/formats.ts';
import { dnsFormats } from './dns/formats.ts';
import type { Format } from './format.ts';
import { pageLoadFormats } from './page-loads/formats.ts';
import { partnerRelationshipFormats } from './partner-relationships/formats.ts';

/** The formats of each stream, in the order in which they are tried. */
export const FORMATS: Readonly<Record<Stream, readonly Format[]>> = {
  'page-loads': pageLoadFormats,
  dns: dnsFormats,
  certificates: certificateFormats,
  'partner-relationships': partnerRelationshipFormats,
  'breach-incidents': breachIncidentFormats,
};

import type { Detector } from '../../src/detection/detector.ts';
import type { Reference } from '../../src/graph/actions.ts';
import type { NameFault } from '../../src/identity/domain-name.ts';
import { organizationKey } from '../../src/identity/organization-key.ts';
import { CertificateObservedSchema } from '../../src/stream/generated/avd/certificates/v1/certificates_pb.ts';
import { TYPED_TOPICS } from '../../src/stream/topics.ts';
import { checkTime, createEvent, type FanOut, type Knowledge, type RawDocument, type TypedEvent } from '../document.ts';
import { parseJson } from '../json.ts';
import { toEvidence, toReference } from '../messages.ts';
import { platformEvents } from '../platform.ts';
import { type Fault, refuseAt } from '../refusal.ts';
import { parseTime } from '../time.ts';
import { observedAt, readParty } from '../webdep.ts';
import { type Certificate, certificateFormats, readAuthorityRow, readX509, readZgrab, type Scan } from './formats.ts';
import { readSubjects, type Subject } from './subjects.ts';

/**
 * Fans a certificate document out: one event for each domain that a certificate is for. OCSP stapling is a matter of
 * the server, so criticality (a third party, and not stapled) is measured for the scanned domain only. A failed scan
 * says nothing, and is filtered. The time is the scan's, else `--observed-at`; the day from which a certificate is
 * valid says nothing of when it was seen.
 */
export function fanOutCertificates(document: RawDocument, knowledge: Knowledge): FanOut {
  switch (document.format ?? recogniseFormat(document.bytes)) {
    case 'zgrab':
      return fanOutLine(document, knowledge.detector, readZgrab);
    case 'x509':
      return fanOutLine(document, knowledge.detector, readX509);
    case 'webdep-ca':
      return fanOutRow(document);
    default:
      return refusedAt(document.place, { code: 'UNKNOWN_FORMAT', reason: 'Not a format of the stream certificates.' });
  }
}

function recogniseFormat(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes).toString('utf8').trim();
  return certificateFormats.find((format) => format.recognise(text))?.id;
}

function refusedAt(place: string, fault: Fault | NameFault): FanOut {
  return { events: [], refused: [refuseAt(place, fault)], filtered: 0 };
}

function fanOutLine(document: RawDocument, detector: Detector, read: typeof readZgrab): FanOut {
  const parsed = parseJson(document.bytes);
  const line = 'refusal' in parsed ? parsed : read(parsed.value);
  if ('refusal' in line) return refusedAt(document.place, line.refusal);
  const parts = line.scans.map((scan) => fanOutScan(scan, document, detector));
  return {
    events: parts.flatMap((part) => part.events),
    refused: parts.flatMap((part) => part.refused),
    filtered: parts.reduce((sum, part) => sum + part.filtered, line.filtered),
  };
}

function fanOutScan(scan: Scan, document: RawDocument, detector: Detector): FanOut {
  const { subjects, refused, filtered } = readSubjects(scan, document.place);
  // A certificate for no domain, such as an authority's own, says nothing that AVD keeps.
  if (subjects.length === 0) return { events: [], refused: [...refused], filtered: filtered + 1 };
  const place = `${document.place} ${scan.record}`;
  const fault = checkValidity(scan.certificate);
  if (fault !== undefined) return refusedAt(place, fault);
  const when = scanTime(scan, document);
  if ('refusal' in when) return refusedAt(place, when.refusal);
  const issuer = scan.certificate.isSelfSigned ? undefined : readIssuer(scan.certificate, document.source, detector);
  if (issuer !== undefined && 'refusal' in issuer) return refusedAt(place, issuer.refusal);

  const events = subjects.map((subject) => {
    const authority = issuer ?? selfIssued(subject);
    const critical =
      subject.scanned && scan.stapled !== undefined ? isThirdParty(authority, subject) && !scan.stapled : undefined;
    return certificateObserved(subject, authority, critical, document, when.time);
  });
  return { events: [...events, ...platformEvents(subjects, document, when.time)], refused: [...refused], filtered };
}

/** Who vouches for the domain. */
interface Authority {
  readonly object: Reference;
  /** Where the object is an organization: its name. */
  readonly name: string;
  readonly confidence: number;
  readonly rule: string;
}

function readIssuer(
  { issuerOrganization }: Certificate,
  source: string,
  detector: Detector,
): Authority | { refusal: Fault | NameFault } {
  if (issuerOrganization === undefined) {
    return {
      refusal: { code: 'FIELD_MISSING', reason: 'The issuer is missing: the certificate names no organization.' },
    };
  }
  const known = detector.issuer(issuerOrganization);
  if (known !== undefined) {
    const { vendor, confidence, rule } = known;
    return { object: { kind: 'domain', name: vendor }, name: '', confidence, rule };
  }
  const organization = organizationKey(source, issuerOrganization);
  if ('refusal' in organization) return organization;
  return { object: { kind: 'organization', key: organization.key }, name: organization.name, confidence: 1, rule: '' };
}

/** A self-signed certificate has no authority but who made it: the domain serves itself. */
function selfIssued({ domain }: Subject): Authority {
  return { object: { kind: 'domain', name: domain }, name: '', confidence: 1, rule: '' };
}

function isThirdParty({ object }: Authority, { domain }: Subject): boolean {
  return object.kind === 'organization' || object.name !== domain;
}

function checkValidity({ validFrom, validUntil }: Certificate): Fault | undefined {
  const times: number[] = [];
  for (const bound of [validFrom, validUntil]) {
    if (bound === undefined) continue;
    const parsed = parseTime(bound, 'validity');
    if ('refusal' in parsed) return parsed.refusal;
    times.push(parsed.time);
  }
  const [start = 0, end = start] = times;
  if (end >= start) return undefined;
  return { code: 'CONTRADICTION', reason: 'The validity of the certificate ends before it begins.' };
}

function scanTime({ timestamp }: Scan, document: RawDocument): { time: number } | { refusal: Fault } {
  const stated = timestamp === undefined ? observedAt(document) : parseTime(timestamp, 'timestamp');
  if ('refusal' in stated) return stated;
  const refusal = checkTime(stated.time, document);
  return refusal === undefined ? stated : { refusal };
}

/** A row of a measurement. Whether an `unknown` authority is a third party was not found out, so nothing is measured. */
function fanOutRow(document: RawDocument): FanOut {
  const row = readAuthorityRow(document.bytes);
  if ('refusal' in row) return refusedAt(document.place, row.refusal);
  const when = observedAt(document);
  if ('refusal' in when) return refusedAt(document.place, when.refusal);
  const fault = checkTime(when.time, document);
  if (fault !== undefined) return refusedAt(document.place, fault);
  const { site, label, authority, stapled, ocspHost } = row;
  const party = readParty(document.source, site, label, authority);
  if ('refusal' in party) return refusedAt(document.place, party.refusal);

  const subject = { domain: site.domain, record: 'row', host: ocspHost ?? party.label, scanned: true };
  const critical = label === 'unknown' ? undefined : label === 'Third' && !stapled;
  const seen = [{ ...subject, host: site.host }];
  return {
    events: [
      certificateObserved(subject, { ...party, rule: '' }, critical, document, when.time),
      ...platformEvents(seen, document, when.time),
    ],
    refused: [],
    filtered: 0,
  };
}

function certificateObserved(
  subject: Subject,
  authority: Authority,
  critical: boolean | undefined,
  document: RawDocument,
  time: number,
): TypedEvent {
  const { domain, record, host, scanned } = subject;
  const message = {
    domain,
    issuer: toReference(authority.object),
    issuerName: authority.name,
    confidence: authority.confidence,
    ...(critical !== undefined && { critical }),
    rule: authority.rule,
    evidence: toEvidence({ document: document.document, record, host, observedAt: time }),
    scanned,
  };
  const { source } = document;
  const topic = TYPED_TOPICS.certificateObserved;
  return createEvent({ topic, key: domain, schema: CertificateObservedSchema, message, source, time });
}

import type { Detector } from '../../src/detection/detector.ts';
import type { Service } from '../../src/identity/service.ts';
import { AnswerObservedSchema } from '../../src/stream/generated/avd/dns/v1/dns_pb.ts';
import { TYPED_TOPICS } from '../../src/stream/topics.ts';
import { checkTime, createEvent, type FanOut, type Knowledge, type RawDocument, type TypedEvent } from '../document.ts';
import { parseJson } from '../json.ts';
import { toEvidence, toReference, toService } from '../messages.ts';
import { platformEvents, type SeenDomain } from '../platform.ts';
import { type Fault, type Refusal, refuseAt } from '../refusal.ts';
import { parseTime } from '../time.ts';
import { observedAt, readParty } from '../webdep.ts';
import { readAnswer } from './answers.ts';
import { type DnsLookup, dnsFormats, readMeasurement, readZdns } from './formats.ts';
import { type Provider, readTarget } from './provider.ts';

/**
 * Fans a DNS document out: one event a look-up that was answered, also where it was answered with nothing, because that
 * ends what was seen before. A look-up that failed (SERVFAIL, TIMEOUT, no data) says nothing, and is filtered.
 */
export function fanOutDns(document: RawDocument, knowledge: Knowledge): FanOut {
  switch (document.format ?? recogniseFormat(document.bytes)) {
    case 'zdns':
      return fanOutLine(document, knowledge.detector);
    case 'webdep-dns':
      return fanOutRow(document, 4, 'NS', 'DNS');
    case 'webdep-ns':
      return fanOutRow(document, 5, 'NS', 'DNS');
    case 'webdep-cdn':
      return fanOutRow(document, 4, 'CDN', 'CDN');
    default:
      return refusedWhole(document, { code: 'UNKNOWN_FORMAT', reason: 'Not a format of the stream dns.' });
  }
}

function recogniseFormat(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes).toString('utf8').trim();
  return dnsFormats.find((format) => format.recognise(text))?.id;
}

function refusedWhole(document: RawDocument, fault: Parameters<typeof refuseAt>[1]): FanOut {
  return { events: [], refused: [refuseAt(document.place, fault)], filtered: 0 };
}

function fanOutLine(document: RawDocument, detector: Detector): FanOut {
  const parsed = parseJson(document.bytes);
  const line = 'refusal' in parsed ? parsed : readZdns(parsed.value);
  if ('refusal' in line) return refusedWhole(document, line.refusal);
  const target = readTarget(line.name);
  if ('refusal' in target) return refusedWhole(document, target.refusal);

  const events: TypedEvent[] = [];
  const refused: Refusal[] = [];
  let filtered = 0;
  const told = new Set<string>();
  for (const lookup of line.lookups) {
    const answer = isAnswered(lookup) ? readAnswer(lookup, target, detector, document.place) : undefined;
    if (answer === undefined) {
      filtered++;
      continue;
    }
    const path = `results.${lookup.module}`;
    const when = lookupTime(lookup, document);
    if ('refusal' in when) {
      refused.push(refuseAt(`${document.place} ${path}`, when.refusal));
      continue;
    }
    if ('refusal' in answer) {
      refused.push(answer.refusal);
      continue;
    }
    refused.push(...answer.refused);
    filtered += answer.filtered;
    const { providers, complete } = answer;
    events.push(answerObserved(target.domain, lookup.module, providers, complete, document, when.time));
    const seen = [{ ...target, record: path }, ...ownDomains(providers)].filter(({ domain }) => !told.has(domain));
    events.push(...platformEvents(seen, document, when.time));
    for (const { domain } of seen) told.add(domain);
  }
  return { events, refused, filtered };
}

/** An answer that the name doesn't exist is an answer: whatever it used before, it uses no more. */
function isAnswered({ status, answers }: DnsLookup): boolean {
  return (status === 'NOERROR' && answers !== undefined) || status === 'NXDOMAIN';
}

/** Domains that an answer names and no rule stands for. */
function ownDomains(providers: readonly Provider[]): SeenDomain[] {
  return providers.flatMap(({ object, rule, record, host }) =>
    rule === '' && object.kind === 'domain' ? [{ domain: object.name, record, host }] : [],
  );
}

function lookupTime(lookup: DnsLookup, document: RawDocument): { time: number } | { refusal: Fault } {
  const stated = lookup.timestamp === undefined ? observedAt(document) : parseTime(lookup.timestamp, 'timestamp');
  if ('refusal' in stated) return stated;
  const refusal = checkTime(stated.time, document);
  return refusal === undefined ? stated : { refusal };
}

/**
 * A row of a measurement. The rows of one day stand together as the whole set of a site's name servers; of CDNs, the
 * measurement finds only those that it knows.
 */
function fanOutRow(document: RawDocument, columns: 4 | 5, recordType: string, service: Service): FanOut {
  const row = readMeasurement(document.bytes, columns);
  if ('refusal' in row) return refusedWhole(document, row.refusal);
  const { site, label, provider: providerLabel, nameServer } = row;
  const when = observedAt(document);
  if ('refusal' in when) return refusedWhole(document, when.refusal);
  const fault = checkTime(when.time, document);
  if (fault !== undefined) return refusedWhole(document, fault);
  const party = readParty(document.source, site, label, providerLabel);
  if ('refusal' in party) return refusedWhole(document, party.refusal);

  const provider = { ...party, service, rule: '', record: 'row', host: nameServer ?? party.label };
  const complete = service === 'DNS' && site.host === site.domain ? [service] : [];
  const seen = [{ ...site, record: 'row' }, ...ownDomains([provider])];
  return {
    events: [
      answerObserved(site.domain, recordType, [provider], complete, document, when.time),
      ...platformEvents(seen, document, when.time),
    ],
    refused: [],
    filtered: 0,
  };
}

function answerObserved(
  domain: string,
  recordType: string,
  providers: readonly Provider[],
  complete: readonly Service[],
  document: RawDocument,
  time: number,
): TypedEvent {
  const message = {
    domain,
    recordType,
    providers: providers.map(({ object, name, service, confidence, rule, record, host }) => ({
      object: toReference(object),
      name,
      service: toService(service),
      confidence,
      rule,
      evidence: toEvidence({ document: document.document, record, host, observedAt: time }),
    })),
    complete: complete.map(toService),
    observedAt: BigInt(time),
  };
  const topic = TYPED_TOPICS.answerObserved;
  return createEvent({ topic, key: domain, schema: AnswerObservedSchema, message, source: document.source, time });
}

import type { Detector } from '../../src/detection/detector.ts';
import { type Refusal, refuse, refuseAt } from '../refusal.ts';
import type { DnsRecord } from './formats.ts';
import { type Answer, type Context, type Provider, providerOf, readTarget, type Target } from './provider.ts';

/** An SPF include that no rule knows: somebody there may send mail for the domain, and nobody knows what kind. */
const UNKNOWN_SENDER = { service: 'OTHER', confidence: 0.5 } as const;
/** `v=spf1`, then blank-separated terms (RFC 7208, section 4.5). */
const SPF = /^v=spf1(?: |$)/i;
const SENDER = /^[+?~-]?include:(.*)$|^redirect=(.*)$/i;
/** Evaluation ends in an error after ten look-ups (RFC 7208, section 4.6.4); a longer record is read no further. */
const MOST_TERMS = 200;

/**
 * TXT records: who may send mail by SPF, and which vendors a verification token was set for. Every other text is
 * filtered, and no text leaves: tokens are secrets of a kind.
 */
export function readTexts({ records, target, path, place }: Context, detector: Detector): Answer {
  const providers: Provider[] = [];
  const refused: Refusal[] = [];
  let filtered = 0;
  for (const record of records) {
    const at = `${path}.answers[${record.index}]`;
    if (record.type !== 'TXT') {
      filtered++;
    } else if (SPF.test(record.answer)) {
      const senders = readSenders(record, target, detector, at, place);
      providers.push(...senders.providers);
      refused.push(...senders.refused);
      filtered += senders.filtered;
    } else {
      const detection = detector.verificationToken(record.answer);
      if (detection === undefined) filtered++;
      else providers.push(providerOf(detection, target, UNKNOWN_SENDER, at));
    }
  }
  return { providers, complete: [], refused, filtered };
}

/**
 * The hosts whose own SPF record an SPF record includes or redirects to. A macro depends on the mail that is judged, so
 * it names no host. A domain's include of itself only splits a long record in two.
 */
function readSenders(record: DnsRecord, target: Target, detector: Detector, at: string, place: string) {
  const providers: Provider[] = [];
  const refused: Refusal[] = [];
  let filtered = 0;
  const terms = record.answer.split(' ', MOST_TERMS + 1);
  if (terms.length > MOST_TERMS) {
    refused.push(refuse('TOO_MANY', `${place} ${at}`, `The SPF record has more than ${MOST_TERMS} terms.`));
  }
  for (const term of terms.slice(1, MOST_TERMS)) {
    const match = SENDER.exec(term);
    if (match === null) continue;
    const text = match[1] ?? match[2] ?? '';
    const sender = text.includes('%') ? 'macro' : readTarget(text);
    if (sender === 'macro') {
      refused.push(refuse('NOT_A_DOMAIN_NAME', `${place} ${at}`, 'An SPF include with a macro names no host.'));
    } else if ('refusal' in sender) {
      refused.push(refuseAt(`${place} ${at}`, sender.refusal));
    } else if (sender.domain === target.domain) {
      filtered++;
    } else {
      providers.push(providerOf(detector.spfInclude(sender.host), sender, UNKNOWN_SENDER, at));
    }
  }
  return { providers, refused, filtered };
}

import { readFileSync } from 'node:fs';
import { parseSources, type Sources } from '../../src/governance/sources.ts';
import type {
  CompleteObservation,
  DismissUse,
  GraphAction,
  NameOrganization,
  Reference,
  SightUse,
  StateOwnership,
  StateSameAs,
  StateUse,
} from '../../src/graph/actions.ts';
import type { Driver } from '../../src/graph/driver.ts';
import { createWriter } from '../../src/graph/writer.ts';
import type { Service } from '../../src/identity/service.ts';
import { inProgram } from '../../src/program.ts';
import { uniqueName } from './database.ts';

const SOURCES = inProgram('governance/sources.yaml');

export const declaredSources: Sources = parseSources(readFileSync(SOURCES, 'utf8'));

const ownSource = (tenant: string): string => `
  - id: ${tenant}-feed
    name: What ${tenant} knows
    team: partnerships
    kind: statement
    topics: [partner-relationships]
    rank: 3
    prior: 0.9
    freshDays: 30
    promiseHours: 24
    sensitiveFields: []
    licence: by contract
    tenant: ${tenant}`;

/** The same, and a source of each of two tenants: `acme-feed` and `bolt-feed`. */
export const tenantSourcesText = `${readFileSync(SOURCES, 'utf8').trimEnd()}${ownSource('acme')}${ownSource('bolt')}\n`;
export const tenantSources: Sources = parseSources(tenantSourcesText);

const DAY = 86_400_000;
const FIRST_DAY = Date.UTC(2025, 0, 1);

/** Midnight of the n-th day of 2025, from 0. */
export const day = (n: number): number => FIRST_DAY + n * DAY;

/** `partner:acme` is an organization, `acme.example` a domain. */
export function end(text: string): Reference {
  return text.includes(':') ? { kind: 'organization', key: text } : { kind: 'domain', name: text };
}

const evidence = (host: string, observedAt: number) => ({
  document: 'd'.repeat(64),
  record: 'line 1',
  host,
  observedAt,
});

/** A crawler saw it on that day. */
export function sight(
  source: string,
  subject: string,
  service: Service,
  object: string,
  on: number,
  more: { confidence?: number; critical?: boolean } = {},
): SightUse {
  const what = { subject: end(subject), service, object: end(object) };
  return { type: 'sight-use', source, ...what, confidence: 1, evidence: evidence(object, on), ...more };
}

let events = 0;

const said = (source: string, time: number) => ({
  source,
  time,
  event: `event-${String(++events).padStart(9, '0')}`,
  retracted: false,
  confidence: 1,
  evidence: evidence('', time),
});

interface More {
  confidence?: number;
  critical?: boolean;
  retracted?: boolean;
}

export function stateUse(
  source: string,
  subject: string,
  service: Service,
  object: string,
  time: number,
  more: More = {},
): StateUse {
  return { type: 'state-use', ...said(source, time), subject: end(subject), service, object: end(object), ...more };
}

/** An analyst says that no such use is to count. */
export function dismiss(
  source: string,
  subject: string,
  service: Service,
  object: string,
  time: number,
  more: Pick<More, 'retracted'> & { readonly author?: string; readonly reason?: string } = {},
): DismissUse {
  return { type: 'dismiss-use', ...said(source, time), subject: end(subject), service, object: end(object), ...more };
}

/** A statement of a tenant's own source. */
export function statePrivately(
  tenant: string,
  subject: string,
  service: Service,
  object: string,
  time: number,
  more: More = {},
): StateUse {
  return { ...stateUse(`${tenant}-feed`, subject, service, object, time, more), tenant };
}

export function own(
  source: string,
  domain: string,
  organization: string,
  time: number,
  more: More = {},
): StateOwnership {
  return { type: 'state-ownership', ...said(source, time), domain, organization, ...more };
}

export function same(source: string, a: string, b: string, time: number, more: More = {}): StateSameAs {
  return { type: 'state-same-as', ...said(source, time), organizations: [a, b], ...more };
}

export function name(key: string, text: string, time: number): NameOrganization {
  return { type: 'name-organization', key, name: text, time };
}

export function complete(source: string, domain: string, service: Service, on: number): CompleteObservation {
  return { type: 'complete-observation', source, domain, service, day: Math.floor(on / DAY) };
}

/** Writes facts as the streams would. */
export async function writeFacts(driver: Driver, actions: readonly GraphAction[]): Promise<void> {
  const writer = createWriter({ driver, rankOf: (source) => declaredSources.get(source)?.rank ?? 99 });
  const topic = uniqueName('facts');
  for (let from = 0; from < actions.length; from += 2_000) {
    const part = actions.slice(from, from + 2_000);
    await writer.write({
      group: 'avd.graph',
      topic,
      partition: 0,
      from,
      next: from + part.length,
      events: part.map((action) => ({ actions: [action], outcome: 'mapped' })),
    });
  }
}

import type { Driver } from 'neo4j-driver';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SightUse } from '../../src/graph/actions.ts';
import type { Service } from '../../src/identity/service.ts';
import { findUnmapped } from '../../src/main/commands/rules.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { day, declaredSources, end, writeFacts } from '../support/facts.ts';

let driver: Driver;
beforeAll(async () => {
  driver = testDriver();
  await freshDatabase(driver);
});
afterAll(() => driver.close());

function seen(
  source: string,
  subject: string,
  service: Service,
  object: string,
  record: string,
  host: string,
): SightUse {
  const evidence = { document: 'd'.repeat(64), record, host, observedAt: day(1) };
  return { type: 'sight-use', source, subject: end(subject), service, object: end(object), confidence: 1, evidence };
}

test('what crawlers saw and no rule knows is found in the graph, the most frequent first', async () => {
  await writeFacts(driver, [
    seen('zdns', 'a.example', 'DNS', 'unheard.example', 'results.NS.answers[0]', 'ns1.unheard.example'),
    seen('zdns', 'b.example', 'DNS', 'unheard.example', 'results.NS.answers[1]', 'ns2.unheard.example'),
    seen('zdns', 'a.example', 'DNS', 'cloudflare.com', 'results.NS.answers[1]', 'arya.ns.cloudflare.com'),
    seen('page-crawler', 'a.example', 'OTHER', 'strange.example', 'entries[3]', 'cdn.strange.example'),
    seen('page-crawler', 'a.example', 'ANALYTICS', 'clarity.ms', 'entries[4]', 'www.clarity.ms'),
    seen('zgrab', 'a.example', 'CERTIFICATE_AUTHORITY', 'zgrab:nobody ca', 'data.tls', 'a.example'),
    seen('webdep', 'a.example', 'CERTIFICATE_AUTHORITY', 'webdep:digicertinc', 'row', 'digicertinc'),
    seen('partner', 'a.example', 'OTHER', 'stated.example', 'line 1', ''),
  ]);
  expect(await findUnmapped(driver, declaredSources)).toEqual([
    { kind: 'ns', name: 'unheard.example', subjects: 2, hosts: ['ns1.unheard.example', 'ns2.unheard.example'] },
    { kind: 'host', name: 'strange.example', subjects: 1, hosts: ['cdn.strange.example'] },
    { kind: 'issuer', name: 'zgrab:nobody ca', subjects: 1, hosts: [] },
  ]);
});

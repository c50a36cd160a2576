import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { getDomain } from 'tldts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Reference } from '../../src/graph/actions.ts';
import type { Service } from '../../src/identity/service.ts';
import { loadKnowledge } from '../../src/main/knowledge.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import type { Claim } from '../../src/queries/types.ts';
import { openLetters } from '../../src/stream/dead-letter-log.ts';
import { bundled, type Delivery } from '../support/deliveries.ts';
import { createPipeline } from '../support/pipeline.ts';
import { testServers } from '../support/test-servers.ts';

/** Who serves the sites that were popular in the United States in April 2023, by two measurements of the same study. */
const FILES = {
  dns: bundled('dns/us-dns-202304.gz'),
  cdn: bundled('dns/us-cdn-202304'),
  authorities: bundled('dns/us-ca-202304.gz'),
  zdns: bundled('dns/zdns-ns.jsonl.gz'),
  nameServers: bundled('dns/last_DNS_data.gz', 'test/fixtures'),
};
const APRIL = '2023-04-15T00:00:00Z';
/** The second measurement is said to be later than it was, so that it follows the first. */
const JUNE = '2023-06-15T00:00:00Z';
const MAY = Date.UTC(2023, 4, 1);
const JULY = Date.UTC(2023, 6, 1);

const folder = mkdtempSync(join(tmpdir(), 'avd-dns-files-'));
const { knowledge } = await loadKnowledge();
const pipeline = createPipeline(testServers(), knowledge.sources);
const queries = createNeo4jQueries({ driver: pipeline.driver, sources: knowledge.sources });
const webdep = { stream: 'dns', source: 'webdep' } as const;

/** @returns how many documents there were */
async function ingestAll(deliveries: readonly Delivery[]): Promise<Record<string, number>> {
  const consumers = pipeline.start();
  const counts: Record<string, number> = {};
  for (const delivery of deliveries) {
    const report = await pipeline.ingest(delivery);
    expect(report.refused).toBe(0);
    counts[basename(delivery.file)] = report.documents;
  }
  await pipeline.settle(consumers);
  for (const consumer of consumers) await consumer.stop();
  return counts;
}

let documents: Record<string, number>;
beforeAll(async () => {
  await pipeline.begin({ partitions: 4 });
  documents = await ingestAll([
    { ...webdep, file: FILES.dns, observedAt: APRIL },
    { ...webdep, file: FILES.cdn, observedAt: APRIL, format: 'webdep-cdn' },
    { stream: 'certificates', source: 'webdep', file: FILES.authorities, observedAt: APRIL },
    { stream: 'dns', source: 'zdns', file: FILES.zdns },
    { ...webdep, file: FILES.nameServers, observedAt: JUNE },
  ]);
}, 300_000);
afterAll(async () => {
  await pipeline.close();
  rmSync(folder, { recursive: true });
});

function linesOf(file: string): string[] {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text.split('\n').filter((line) => line !== '');
}

/** A bare private suffix, such as `cloudfront.net`, is a domain itself; a name of one label and an address are none. */
function domainOf(host: string): string | null {
  const name = host.replace(/\.$/, '');
  return getDomain(name, { allowPrivateDomains: true }) ?? (/\..*[a-z]$/.test(name) ? name : null);
}

/** `site provider` of each use, by the rows of a measurement, in a few lines that share no code with AVD. */
function measured(file: string): Set<string> {
  const uses = new Set<string>();
  for (const line of linesOf(file)) {
    const [, site = '', provider = '', label = ''] = line.split(',');
    const domain = domainOf(site);
    if (domain === null || !/[a-z0-9]/i.test(provider)) continue;
    const own = label === 'Pvt' ? domain : label === 'unknown' ? domainOf(provider) : null;
    uses.add(`${domain} ${own ?? `webdep:${provider.toLowerCase()}`}`);
  }
  return uses;
}

const siteOf = (use: string) => use.split(' ')[0] ?? '';
const sitesOf = (uses: Iterable<string>) => [...new Set([...uses].map(siteOf))];

const nameOf = (end: Reference) => (end.kind === 'domain' ? end.name : end.key);
const PAGE = 1_000;

/** `site provider` of whom the sites, by this source and at that instant, use for the service. */
async function held(sites: readonly string[], source: string, service: Service, at: number): Promise<Set<string>> {
  const found = (await claims(sites, service, at)).filter((claim) => claim.source === source);
  return new Set(found.map(({ subject, object }) => `${nameOf(subject)} ${nameOf(object)}`));
}

async function claims(sites: readonly string[], service: Service, at: number): Promise<Claim[]> {
  const found: Claim[] = [];
  for (let from = 0; from < sites.length; from += PAGE) {
    const ends = sites.slice(from, from + PAGE).map((name): Reference => ({ kind: 'domain', name }));
    const pages = await queries.claimsOf(ends, { direction: 'uses', service }, { first: 100, at });
    found.push(...pages.flatMap((page) => page.edges.map(({ node }) => node)));
  }
  return found;
}

describe('the measurement files', () => {
  test('are folded row by row, and what is refused says why', async () => {
    const { letters } = await openLetters(pipeline.kafka, {}, 1_000);
    const refused: Record<string, number> = {};
    for (const { place, code } of letters) {
      const key = `${place.replace(/ line.*/, '')} ${code}`;
      refused[key] = (refused[key] ?? 0) + 1;
    }
    expect(documents).toEqual({
      'last_DNS_data.gz': 9_764,
      'us-ca-202304.gz': 6_022,
      'us-cdn-202304': 953,
      'us-dns-202304.gz': 5_889,
      'zdns-ns.jsonl.gz': 5_189,
    });
    // Two rows have no more than their rank, and five sites have a dot for a provider.
    expect(refused).toEqual({ 'us-cdn-202304 WRONG_COLUMN_COUNT': 2, 'us-dns-202304.gz NAME_WITHOUT_LETTER': 5 });
    expect((await pipeline.account()).faults).toEqual([]);
    expect(await pipeline.problems()).toEqual([]);
  });

  test('give each site the DNS providers of its rows', async () => {
    const expected = measured(FILES.dns);
    expect(await held(sitesOf(expected), 'webdep', 'DNS', MAY)).toEqual(expected);
  });

  test('give each site the CDNs of its rows', async () => {
    const expected = measured(FILES.cdn);
    expect(await held(sitesOf(expected), 'webdep', 'CDN', MAY)).toEqual(expected);
  });

  test('give each site its certificate authorities, critical where none of its rows is stapled', async () => {
    const expected = new Map<string, boolean | undefined>();
    for (const line of linesOf(FILES.authorities)) {
      const fields = line.split(',');
      const site = domainOf(fields[1] ?? '');
      const [authority = '', label, stapled] = fields.slice(-3);
      if (site === null || authority === '' || fields.length > 6) continue;
      const own = label === 'Pvt' ? site : label === 'unknown' ? domainOf(authority) : null;
      const use = `${site} ${own ?? `webdep:${authority.toLowerCase()}`}`;
      const critical = label === 'unknown' ? undefined : label === 'Third' && stapled === 'False';
      expected.set(use, critical === undefined ? expected.get(use) : critical || (expected.get(use) ?? false));
    }
    const found = (await claims(sitesOf(expected.keys()), 'CERTIFICATE_AUTHORITY', MAY)).filter(
      ({ source }) => source === 'webdep',
    );
    expect(new Map(found.map((c) => [`${nameOf(c.subject)} ${nameOf(c.object)}`, c.measuredCritical]))).toEqual(
      expected,
    );
  });

  test('of zdns give each site the operators of its name servers', async () => {
    const expected = new Set<string>();
    for (const line of linesOf(FILES.zdns)) {
      const { name, results } = JSON.parse(line) as {
        name: string;
        results: { NS: { data: { answers: { answer: string }[] } } };
      };
      for (const { answer } of results.NS.data.answers) {
        const operator = knowledge.detector.nameServer(answer)?.vendor ?? domainOf(answer);
        expected.add(`${domainOf(name)} ${operator}`);
      }
    }
    expect(await held(sitesOf(expected), 'zdns', 'DNS', MAY)).toEqual(expected);
  });
});

describe('a later measurement', () => {
  test('takes the place of the one before wherever it is a whole answer, and leaves the past as it was', async () => {
    const [before, after] = [measured(FILES.dns), measured(FILES.nameServers)];
    // Of `www.shop.example` alone nobody can say that it is all that shop.example has.
    const whole = new Set(linesOf(FILES.nameServers).map((line) => line.split(',')[1] ?? ''));
    const left = [...before].filter((use) => whole.has(siteOf(use)) && !after.has(use));
    expect(left.length).toBeGreaterThan(100);

    const sites = sitesOf([...before, ...after]);
    const expected = new Set([...before, ...after]);
    for (const use of left) expected.delete(use);
    expect(await held(sites, 'webdep', 'DNS', JULY)).toEqual(expected);
    expect(await held(sites, 'webdep', 'DNS', MAY)).toEqual(before);
  });

  test('with another set of name servers ends the dependency on the provider that was left', async () => {
    const dependencies = async (at: number) => {
      const page = { first: 50, at };
      const found = await queries.dependenciesOf(['domain:legacy.com'], { service: 'DNS' }, page);
      return found
        .get('domain:legacy.com')
        ?.edges.map(({ node }) => node.vendor.key)
        .sort();
    };
    const before = (await dependencies(JULY)) ?? [];
    expect(before).toEqual(expect.arrayContaining(['domain:cfdns.net', 'webdep:cfdns', 'webdep:dynect.net']));

    const row = join(folder, 'row.csv');
    writeFileSync(row, '1000,legacy.com,cloudflare,Third\n');
    const answers = ['ada.ns.cloudflare.com', 'bob.ns.cloudflare.com'].map((answer) => ({
      type: 'NS',
      name: 'legacy.com',
      answer,
    }));
    const NS = { status: 'NOERROR', timestamp: '2023-08-15T00:00:00Z', data: { answers } };
    const line = join(folder, 'line.jsonl');
    writeFileSync(line, `${JSON.stringify({ name: 'legacy.com', results: { NS } })}\n`);
    await ingestAll([
      { ...webdep, file: row, observedAt: '2023-08-15T00:00:00Z' },
      { stream: 'dns', source: 'zdns', file: line },
    ]);
    expect(await dependencies(Date.UTC(2023, 8, 1))).toEqual(['domain:cloudflare.com', 'webdep:cloudflare']);
    // The past shows who was left. (Only the newest whole answer is remembered, so it shows who was left before, too.)
    expect(await dependencies(JULY)).toEqual(expect.arrayContaining(before));
  });
});

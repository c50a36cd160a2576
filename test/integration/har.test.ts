import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { getDomain, parse } from 'tldts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadKnowledge } from '../../src/main/knowledge.ts';
import { bundled } from '../support/deliveries.ts';
import { createPipeline } from '../support/pipeline.ts';
import { testServers } from '../support/test-servers.ts';

/** Every bundled recording of a page load, once: those of the sample, and those that only tests use. */
const files = new Map(
  [bundled('har'), bundled('har', 'test/fixtures')].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.har.gz'))
      .map((name) => [name, `${folder}/${name}`]),
  ),
);

const { knowledge } = await loadKnowledge();
const pipeline = createPipeline(testServers(), knowledge.sources);
const recordings = [...files.values()].map((file) => gunzipSync(readFileSync(file)));
/** `site vendor` → the evidence of it, each `document host`. */
let held: ReadonlyMap<string, readonly string[]>;

beforeAll(async () => {
  await pipeline.begin({ partitions: 2 });
  const consumers = pipeline.start();
  for (const file of files.values()) await pipeline.ingest({ stream: 'page-loads', source: 'page-crawler', file });
  await pipeline.settle(consumers);
  for (const consumer of consumers) await consumer.stop();
  held = await readUses();
}, 180_000);
afterAll(() => pipeline.close());

/** What the graph holds, claims of all services together. */
async function readUses(): Promise<Map<string, string[]>> {
  const { records } = await pipeline.driver.executeQuery(
    'MATCH (a:Domain)-[u:USES]->(b:Domain) RETURN a.name AS site, b.name AS vendor, u.evidence AS evidence',
  );
  const uses = new Map<string, string[]>();
  for (const record of records) {
    const key = `${record.get('site')} ${record.get('vendor')}`;
    const pieces = (record.get('evidence') as string[]).map((json) => JSON.parse(json) as string[]);
    uses.set(key, [...(uses.get(key) ?? []), ...pieces.map(([, document, , host]) => `${document} ${host}`)]);
  }
  return uses;
}

interface Entry {
  readonly pageref?: string;
  readonly startedDateTime: string;
  readonly request: { readonly url?: string };
  readonly response: { readonly status: number; readonly content?: { readonly mimeType?: string } };
}

const hostOf = (url: string | undefined) => (/^(https?|wss?):/i.test(url ?? '') ? new URL(url ?? '').hostname : '');
/** The host's registrable domain; '' for an address or a name of one label, which have none. */
function domainOf(host: string): string {
  const { isIp } = parse(host);
  return isIp || !host.includes('.') ? '' : (getDomain(host, { allowPrivateDomains: true }) ?? host);
}

/** The same from the recordings, in a few lines that share no code with AVD. */
function usesByHand(): Map<string, Set<string>> {
  const uses = new Map<string, Set<string>>();
  const add = (site: string, vendor: string, document: string, host: string) => {
    if (site === '' || vendor === '' || site === vendor) return;
    uses.set(`${site} ${vendor}`, (uses.get(`${site} ${vendor}`) ?? new Set()).add(`${document} ${host}`));
  };
  for (const bytes of recordings) {
    const document = createHash('sha256').update(bytes).digest('hex');
    const { log } = JSON.parse(bytes.toString()) as {
      log: { pages?: { id: string; title: string }[]; entries: Entry[] };
    };
    for (const id of new Set(log.entries.map(({ pageref }) => pageref))) {
      const entries = log.entries
        .filter(({ pageref }) => pageref === id)
        .sort((a, b) => Date.parse(a.startedDateTime) - Date.parse(b.startedDateTime));
      const page = entries.find(
        ({ response: { status, content } }) => status >= 200 && status < 300 && /html/.test(content?.mimeType ?? ''),
      );
      // A blocked load has no document; its title is the address that was asked for.
      const title = log.pages?.find((candidate) => candidate.id === id)?.title.match(/https?:\S+/)?.[0];
      const site = domainOf(hostOf(page?.request.url ?? title ?? entries[0]?.request.url));
      if (site === '') continue;
      for (const host of [site, ...entries.map(({ request }) => hostOf(request.url))]) {
        const domain = domainOf(host);
        add(site, domain, document, host);
        const { isPrivate, publicSuffix } = parse(domain, { allowPrivateDomains: true });
        if (isPrivate) add(domain, publicSuffix ?? '', document, host);
      }
    }
  }
  return uses;
}

describe('recorded page loads, through Kafka', () => {
  test('are all there', () => {
    expect(files.size).toBe(82);
  });

  test('give each site exactly the third parties that its pages called', () => {
    const byHand = usesByHand();
    expect(byHand.size).toBeGreaterThan(200);
    expect([...held.keys()].sort()).toEqual([...byHand.keys()].sort());
  });

  test('are the evidence of each: a document, and a host of the vendor that it called', () => {
    const byHand = usesByHand();
    for (const [use, evidence] of held) {
      const [, vendor = ''] = use.split(' ');
      expect(evidence.length, use).toBeGreaterThan(0);
      for (const piece of evidence) {
        // The host that stands for the platform is that of a site or vendor under its suffix.
        expect(piece.endsWith(vendor), `${use}: ${piece}`).toBe(true);
        if (!use.startsWith(piece.slice(65))) expect(byHand.get(use)).toContain(piece);
      }
    }
  });
});

import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createDetector } from '../../src/detection/detector.ts';
import { openLetters } from '../../src/stream/dead-letter-log.ts';
import { EVENT_HEADERS, GROUPS, RAW_HEADERS, RAW_TOPICS, TYPED_TOPICS } from '../../src/stream/topics.ts';
import { declaredSources } from '../support/facts.ts';
import { createStages, KNOWLEDGE } from '../support/stages.ts';
import { withNullValue } from '../support/tombstone.ts';

const stages = createStages();
const GOOD = JSON.stringify({
  type: 'uses',
  subject: 'a.example',
  object: 'b.example',
  service: 'dns',
  confidence: 0.9,
  observedAt: '2026-10-01T12:00:00Z',
});
let began = 0;

beforeEach(async () => {
  await stages.begin();
  began = Date.now();
});
afterAll(() => stages.close());

/** The letters of this test, by code. */
async function letters() {
  const { letters: all } = await openLetters(stages.kafka, {}, 1_000);
  return all.filter((letter) => letter.refusedAt >= began).sort((a, b) => (a.code < b.code ? -1 : 1));
}

describe('what is refused', () => {
  test('is a dead letter each with its reason, while its neighbours reach the graph and all is accounted for', async () => {
    await stages.ingest('partner-relationships', 'partner', GOOD);
    await stages.ingest('partner-relationships', 'nobody', GOOD);
    await stages.ingest('partner-relationships', 'page-crawler', GOOD);
    await stages.ingest('partner-relationships', 'partner', '{"type":');
    await stages.ingest('partner-relationships', 'partner', GOOD, { [RAW_HEADERS.document]: '0'.repeat(64) });
    await stages.ingest('partner-relationships', 'partner', GOOD, { [RAW_HEADERS.encoding]: 'gzip' });
    await stages.producer.send(RAW_TOPICS['page-loads'], [
      {
        key: 'bomb',
        value: gzipSync(Buffer.alloc(64 * 1024 * 1024)),
        headers: { [RAW_HEADERS.source]: 'page-crawler', [RAW_HEADERS.encoding]: 'gzip' },
      },
    ]);
    await withNullValue(stages.kafka, RAW_TOPICS.dns);

    const { sum } = await stages.drain();
    expect(sum(GROUPS.fanOut, 'deadLettered')).toBe(7);
    expect(sum(GROUPS.fanOut, 'applied')).toBe(1);
    expect(sum(GROUPS.graph, 'applied')).toBe(1);
    const found = await letters();
    expect(found.map((letter) => letter.code)).toEqual([
      'DIGEST_MISMATCH',
      'MALFORMED_GZIP',
      'MALFORMED_JSON',
      'NULL_VALUE',
      'SOURCE_NOT_ALLOWED',
      'TOO_LARGE',
      'UNKNOWN_SOURCE',
    ]);
    expect(found.find((letter) => letter.code === 'MALFORMED_JSON')).toMatchObject({
      group: GROUPS.fanOut,
      source: 'partner',
      stream: 'partner-relationships',
      topic: RAW_TOPICS['partner-relationships'],
      place: expect.stringContaining('test line 1'),
    });
  });

  test('by the database is one message, though it was written together with those of other partitions', async () => {
    const rule = { service: 'DNS', confidence: 1, rule: 'ns' } as const;
    // The database can't index so long a name. No real rule gives one.
    const vendors: Record<string, string> = { right: 'right.example', wrong: `${'x'.repeat(40_000)}.example` };
    const nameServer = (host: string) => ({ ...rule, vendor: vendors[host.split('.')[1] ?? ''] ?? '' });
    const detector = { ...createDetector([], []), nameServer };
    const wrong = createStages({ detector, sources: declaredSources });
    try {
      for (let site = 0; site < 30; site++) {
        const [name, answer] = [`site-${site}.example`, site === 17 ? 'ns.wrong.example' : 'ns.right.example'];
        const answers = [{ type: 'NS', name, answer }];
        const NS = { status: 'NOERROR', timestamp: '2026-10-01T12:00:00Z', data: { answers } };
        await wrong.ingest('dns', 'zdns', JSON.stringify({ name, results: { NS } }));
      }
      const { sum } = await wrong.drain();
      expect(sum(GROUPS.fanOut, 'applied')).toBe(30);
      expect(sum(GROUPS.graph, 'deadLettered')).toBe(1);
    } finally {
      await wrong.close();
    }
    const { records } = await stages.driver.executeQuery(
      "MATCH (d:Domain)-[:USES]->(:Domain {name: 'right.example'}) RETURN count(d) AS sites",
    );
    expect(records[0]?.get('sites')).toBe(29);
    expect(await letters()).toMatchObject([{ code: 'UNWRITABLE_EVENT', group: GROUPS.graph, stream: 'dns' }]);
  });

  test('in part, is one letter with its parts, and the document counts as applied', async () => {
    const entry = (url: string) => ({
      startedDateTime: '2026-10-01T12:00:00Z',
      time: 1,
      request: { method: 'GET', url },
      response: { status: 200 },
    });
    const entries = [entry('https://site.example/'), entry('https://cdn.vendor.example/a.js'), {}, {}];
    const har = { log: { version: '1.2', creator: {}, pages: [], entries } };
    await stages.ingest('page-loads', 'page-crawler', JSON.stringify(har));
    const { sum } = await stages.drain();
    expect(sum(GROUPS.fanOut, 'applied')).toBe(1);
    expect(sum(GROUPS.fanOut, 'deadLettered')).toBe(0);
    const [letter, ...others] = await letters();
    expect(others).toEqual([]);
    expect([letter?.place, ...(letter?.parts ?? []).map((part) => part.place)]).toEqual([
      expect.stringContaining('entries[2]'),
      expect.stringContaining('entries[3]'),
    ]);
  });

  test('by the graph stage, is a typed message that cannot be read', async () => {
    const headers = {
      [EVENT_HEADERS.id]: 'x',
      [EVENT_HEADERS.source]: 'partner',
      [EVENT_HEADERS.time]: '2026-10-01T00:00:00Z',
    };
    await stages.producer.send(TYPED_TOPICS.relationshipStated, [
      { key: 'a', value: Buffer.from([0xff, 0xff, 0xff]), headers },
      { key: 'a', value: Buffer.from([]), headers: {} },
    ]);
    const { sum } = await stages.drain();
    expect(sum(GROUPS.graph, 'deadLettered')).toBe(2);
    const found = await letters();
    expect(found.map(({ code, group, stream }) => [code, group, stream])).toEqual([
      ['UNDECODABLE_EVENT', GROUPS.graph, 'partner-relationships'],
      ['UNDECODABLE_EVENT', GROUPS.graph, 'partner-relationships'],
    ]);
  });

  test('a document on which AVD itself fails stops nobody', async () => {
    const fails = () => {
      throw new TypeError('with a secret in it');
    };
    const broken = createStages({ ...KNOWLEDGE, detector: { ...KNOWLEDGE.detector, host: fails } });
    const entry = {
      startedDateTime: '2026-10-01T12:00:00Z',
      time: 1,
      request: { method: 'GET', url: 'https://a.example/' },
      response: { status: 200 },
    };
    const other = { ...entry, request: { method: 'GET', url: 'https://b.example/' } };
    const har = JSON.stringify({ log: { version: '1.2', creator: {}, pages: [], entries: [entry, other] } });
    await broken.ingest('page-loads', 'page-crawler', har);
    await broken.ingest('partner-relationships', 'partner', GOOD);
    const { sum } = await broken.drain();
    await broken.close();
    expect(sum(GROUPS.graph, 'applied')).toBe(1);
    expect((await letters()).map(({ code, reason }) => [code, reason])).toEqual([
      ['INTERNAL', 'AVD failed on this document (TypeError).'],
    ]);
  });
});

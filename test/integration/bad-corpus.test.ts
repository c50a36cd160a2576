import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadKnowledge } from '../../src/main/knowledge.ts';
import { redriveCorrected } from '../../src/main/redrive.ts';
import { readLetters } from '../../src/stream/dead-letter-log.ts';
import type { DeadLetter } from '../../src/stream/dead-letters.ts';
import { BAD, badDeliveries, writeBadFiles } from '../support/bad-corpus.ts';
import type { ConsumerProcess } from '../support/consumer-process.ts';
import { createPipeline } from '../support/pipeline.ts';
import { testServers } from '../support/test-servers.ts';

/** Wrong and odd input, through Kafka and real consumer processes: each case ends as its list says. */
const folder = mkdtempSync(join(tmpdir(), 'avd-bad-'));
const corrected = join(folder, 'corrected');
const { knowledge } = await loadKnowledge();
const pipeline = createPipeline(testServers(), knowledge.sources);
let consumers: ConsumerProcess[];
let letters: readonly DeadLetter[];

beforeAll(async () => {
  writeBadFiles(folder);
  await pipeline.begin({ partitions: 3 });
  consumers = pipeline.start(2);
  for (const delivery of badDeliveries(folder)) await pipeline.ingest(delivery);
  await pipeline.settle(consumers);
  letters = await openLetters();
}, 180_000);
afterAll(async () => {
  await pipeline.close();
  rmSync(folder, { recursive: true });
});

/** Those that were not sent again. */
async function openLetters(): Promise<DeadLetter[]> {
  const open = new Map<string, DeadLetter>();
  await readLetters(pipeline.kafka, (letter) => {
    if (letter.redriven) open.delete(letter.id);
    else open.set(letter.id, letter);
  });
  return [...open.values()];
}

/** `place CODE` of everything that was refused, the file's name in front. */
const refusalsOf = (all: readonly DeadLetter[]): string[] =>
  all.flatMap((letter) => [letter, ...letter.parts].map(({ place, code }) => `${place} ${code}`)).sort();

const expected = BAD.flatMap(({ files }) =>
  Object.entries(files).flatMap(([file, refused]) => refused.map((what) => `${file} ${what}`)),
).sort();

/** `subject SERVICE object` of what is claimed and not retracted, but what crawlers add of certificates and platforms. */
async function uses(): Promise<string[]> {
  const { records } = await pipeline.driver.executeQuery(
    `MATCH (a)-[u:USES]->(b) WHERE u.firstSeen IS NOT NULL
     RETURN a.name + ' ' + u.service + ' ' + coalesce(b.key, b.name) AS use ORDER BY use`,
  );
  return records.map((record) => record.get('use'));
}

describe('bad input', () => {
  test('ends as dead letters, each with its place, code and reason', () => {
    expect(refusalsOf(letters)).toEqual(expected);
    for (const { reason, source, stream, document, original, truncated } of letters) {
      expect(reason).toMatch(/^\S.{5,500}$/u);
      expect([source, stream, document].every((text) => text !== '')).toBe(true);
      expect(original.length).toBeLessThanOrEqual(truncated ? 64 * 1024 : 16 * 1024 * 1024);
    }
  });

  test('leaves its good neighbours in the graph, and nothing else', async () => {
    const dns = (...names: string[]) => names.map((name) => `${name}.example DNS cloudflare.com`);
    expect(await uses()).toEqual(
      [
        ...dns('bom', 'date', 'fine', 'good-1', 'mixed', 'space', 'trailing', 'under', 'wild'),
        ...dns('a'.repeat(63), 'xn--bcher-kva', 'xn--i-7iq', 'xn--pple-login-yqi'),
        'github.io DNS cloudflare.com',
        'good-3.example DNS ns1.com',
        'mixed.example CERTIFICATE_AUTHORITY letsencrypt.org',
        'ok.example CERTIFICATE_AUTHORITY letsencrypt.org',
        'shop.example OTHER vendor.example',
        'site-a.example DNS webdep:cloudflare',
        'site-e.example DNS webdep:amazon.com',
        'somebody.github.io DNS cloudflare.com',
        'spf.example MAIL google.com',
        'wild.example CERTIFICATE_AUTHORITY letsencrypt.org',
      ].sort(),
    );
    expect(await pipeline.problems()).toEqual([]);
  });

  test('is accounted for to the message, and stops no process', async () => {
    expect((await pipeline.account()).faults).toEqual([]);
    expect(consumers.map((consumer) => consumer.isAlive())).toEqual([true, true]);
  });

  test('leaks none of its secrets into the graph, the logs, or what is told of a dead letter', async () => {
    const told = letters.map(({ original: _, ...rest }) => rest);
    const { records } = await pipeline.driver.executeQuery(
      'MATCH (n) OPTIONAL MATCH (n)-[r]->() RETURN collect(properties(n)) AS nodes, collect(properties(r)) AS claims',
    );
    const everything = [
      JSON.stringify(told, (_key, value) => (typeof value === 'bigint' ? String(value) : value)),
      JSON.stringify(records.map((record) => record.toObject())),
      ...consumers.map((consumer) => consumer.output()),
    ].join('\n');
    expect(everything).toContain('har-refused-credentials.har');
    expect(everything).not.toMatch(/FAKE/);
  });
});

/** What somebody makes of four that were refused: a line, a whole file, a row, and a row that swallowed the next. */
const CORRECTIONS = {
  'json-truncated.jsonl line 2':
    '{"type":"uses","subject":"cut.example","object":"cloudflare.com","service":"dns","confidence":0.9,"observedAt":"2026-10-01T12:00:00Z"}',
  'har-no-log.har': readFileOf('har-no-pages.har').replaceAll('shop.example', 'mended.example'),
  'csv-columns.csv line 2': 'uses,mended-row.example,cloudflare.com,dns,0.9,2026-10-01T12:00:00Z',
  'csv-unclosed-quote.csv line 2': 'belongsTo,mended-quote.example,Mended Ltd,,0.9,2026-10-01T12:00:00Z',
};

function readFileOf(name: string): string {
  return readFileSync(new URL(`../fixtures/bad/${name}`, import.meta.url), 'utf8');
}

test('redriving what was refused with corrected bytes gives the graph of a clean run', async () => {
  for (const [place, bytes] of Object.entries(CORRECTIONS)) {
    const letter = letters.find((candidate) => candidate.place === place);
    const file = join(folder, 'correction');
    writeFileSync(file, bytes);
    await redriveCorrected({ kafka: pipeline.kafka, producer: pipeline.producer }, letter?.id ?? place, file);
  }
  await pipeline.settle(consumers);
  for (const consumer of consumers) await consumer.stop();
  const still = expected.filter(
    (refusal) => !Object.keys(CORRECTIONS).some((place) => refusal.startsWith(`${place} `)),
  );
  expect(refusalsOf(await openLetters())).toEqual(still);
  expect(await uses()).toEqual(
    expect.arrayContaining(['cut.example DNS cloudflare.com', 'mended.example OTHER vendor.example']),
  );
  const redriven = await pipeline.hash();

  writeCorrectedFiles();
  await pipeline.begin({ partitions: 1 });
  const [clean] = pipeline.start();
  for (const delivery of badDeliveries(corrected)) await pipeline.ingest(delivery);
  await pipeline.settle(clean === undefined ? [] : [clean]);
  await clean?.stop();
  expect(refusalsOf(await openLetters())).toEqual(still);
  expect(await pipeline.hash()).toBe(redriven);
}, 180_000);

/** The same corpus as if the four had been right from the start. */
function writeCorrectedFiles(): void {
  mkdirSync(corrected);
  writeBadFiles(corrected);
  for (const [place, bytes] of Object.entries(CORRECTIONS)) {
    const [file = '', line] = place.split(' line ');
    const path = join(corrected, file);
    const lines = readFileSync(path, 'utf8').split('\n');
    if (line === undefined) writeFileSync(path, bytes);
    else if (file === 'csv-unclosed-quote.csv') writeFileSync(path, `${lines[0]}\n${bytes}\n`);
    else writeFileSync(path, lines.with(Number(line) - 1, bytes).join('\n'));
  }
}

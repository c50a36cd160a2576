import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { graphHash } from '../../src/graph/hash.ts';
import { ingestFiles } from '../../src/main/ingest.ts';
import { redriveAll, redriveCorrected } from '../../src/main/redrive.ts';
import { openLetters } from '../../src/stream/dead-letter-log.ts';
import { createStages, KNOWLEDGE } from '../support/stages.ts';

const stages = createStages();
const folder = await mkdtemp(join(tmpdir(), 'avd-redrive-'));
let began = 0;

beforeEach(async () => {
  await stages.begin();
  began = Date.now();
});
afterAll(async () => {
  await stages.close();
  await rm(folder, { recursive: true });
});

const statement = (object: string) =>
  JSON.stringify({
    type: 'uses',
    subject: 'a.example',
    object,
    service: 'dns',
    confidence: 0.9,
    observedAt: '2026-10-01T12:00:00Z',
  });

async function ingest(name: string, text: string) {
  const file = join(folder, name);
  await writeFile(file, text);
  const request = { stream: 'partner-relationships', files: [file], source: 'partner' } as const;
  return ingestFiles(request, { producer: stages.producer, sources: KNOWLEDGE.sources });
}

async function letters() {
  const { letters: all } = await openLetters(stages.kafka, { stream: 'partner-relationships' }, 1_000);
  return all.filter((letter) => letter.refusedAt >= began);
}

test('a corrected document gives the graph of a clean run', async () => {
  const lines = (second: string) => [statement('b.example'), second, statement('d.example')].join('\n');
  await ingest('partner.jsonl', lines(statement('c.example')));
  await stages.drain();
  const clean = await graphHash(stages.driver);

  await stages.begin();
  await ingest('partner.jsonl', lines(`${statement('c.example')}}`));
  await stages.drain();
  expect(await graphHash(stages.driver)).not.toBe(clean);
  const [letter] = await letters();
  const corrected = join(folder, 'corrected');
  await writeFile(corrected, `${statement('c.example')}\n`); // as an editor leaves it
  await redriveCorrected(stages, letter?.id ?? '', corrected);
  await stages.drain();
  expect(await graphHash(stages.driver)).toBe(clean);
  expect(await letters()).toEqual([]);
});

test('a corrected row of a CSV file is read under the header of its file', async () => {
  const header = 'type,subject,object,service,confidence,observed_at';
  const row = (service: string) => `uses,a.example,b.example,${service},0.9,2026-10-01T12:00:00Z`;
  await ingest('partner.csv', `${header}\n${row('dns')}\n`);
  await stages.drain();
  const clean = await graphHash(stages.driver);

  await stages.begin();
  await ingest('partner.csv', `${header}\n${row('dsn')}\n`);
  await stages.drain();
  const corrected = join(folder, 'row');
  await writeFile(corrected, row('dns'));
  await redriveCorrected(stages, (await letters())[0]?.id ?? '', corrected);
  await stages.drain();
  expect(await graphHash(stages.driver)).toBe(clean);
});

test('the same bytes are refused again, as another letter, until they are fine', async () => {
  await ingest('bad.jsonl', `${statement('b.example')}}`);
  await stages.drain();
  const [first] = await letters();
  expect(first).toMatchObject({ code: 'MALFORMED_JSON' });
  const report = await redriveAll(stages, new Set([first?.id ?? '', 'unknown']));
  expect(report).toEqual({ redriven: [first?.id], incomplete: [] });
  expect(await letters()).toEqual([]);
  await stages.drain();
  const again = await letters();
  expect(again).toMatchObject([{ code: 'MALFORMED_JSON', document: first?.document, place: first?.place }]);
  expect(again[0]?.id).not.toBe(first?.id);
});

test('what was refused before it was a document is split as a file when it comes back corrected', async () => {
  await ingest('partner.jsonl', [statement('b.example'), statement('c.example')].join('\n'));
  await stages.drain();
  const clean = await graphHash(stages.driver);

  await stages.begin();
  await ingest('partner.jsonl', 'no statement at all');
  const [letter] = await letters();
  expect(letter).toMatchObject({ code: 'UNKNOWN_FORMAT', topic: '' });
  const corrected = join(folder, 'whole.jsonl');
  await writeFile(corrected, [statement('b.example'), statement('c.example')].join('\n'));
  await redriveCorrected(stages, letter?.id ?? '', corrected);
  await stages.drain();
  expect(await graphHash(stages.driver)).toBe(clean);
});

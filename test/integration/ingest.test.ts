import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RawDocument } from '../../consumers/document.ts';
import { AppError } from '../../src/errors.ts';
import { loadSources, type Sources } from '../../src/governance/sources.ts';
import { type IngestRequest, ingestFiles } from '../../src/main/ingest.ts';
import { SOURCES_FILE } from '../../src/main/knowledge.ts';
import { describeRaw, openRaw } from '../../src/main/raw-document.ts';
import { inProgram } from '../../src/program.ts';
import { type DeadLetter, decodeDeadLetter } from '../../src/stream/dead-letters.ts';
import { createKafka, ensureTopics } from '../../src/stream/kafka.ts';
import { createProducer } from '../../src/stream/producer.ts';
import { readToEnd } from '../../src/stream/read.ts';
import { DEAD_LETTER_TOPICS, RAW_HEADERS, RAW_TOPICS, type Stream } from '../../src/stream/topics.ts';
import { uniqueName } from '../support/database.ts';
import { testServers } from '../support/test-servers.ts';

const { kafkaBrokers } = testServers();
const kafka = createKafka(kafkaBrokers);
const producer = createProducer(kafka);
let folder: string;
let sources: Sources;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'avd-ingest-'));
  sources = (await loadSources(SOURCES_FILE)).sources;
  await ensureTopics(kafka, { partitions: 4 });
});
afterAll(async () => {
  await producer.close();
  rmSync(folder, { recursive: true });
});

/** A file of its own name, so that its documents can be told from all others. */
function newFile(content: string | Buffer, ending = '.jsonl'): { path: string; name: string } {
  const name = `${uniqueName('file')}${ending}`;
  const path = join(folder, name);
  writeFileSync(path, content);
  return { path, name };
}

const ingest = (request: Omit<IngestRequest, 'stream' | 'source'> & { stream?: Stream; source?: string }) =>
  ingestFiles({ stream: 'partner-relationships', source: 'partner', ...request }, { producer, sources });

/** A broker that has just come up may still be loading its groups: that is an error to try again after. */
async function retrying<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof AppError && error.retryable) || attempt === 5) throw error;
      await sleep(500);
    }
  }
}

/** What fan-out would get of a file. */
const documentsOf = (name: string, stream: Stream = 'partner-relationships') =>
  retrying(() => readDocuments(name, stream));

async function readDocuments(name: string, stream: Stream): Promise<RawDocument[]> {
  const found: RawDocument[] = [];
  await readToEnd(kafka, [RAW_TOPICS[stream]], async (slice) => {
    for (const record of slice.records) {
      if (!record.headers[RAW_HEADERS.place]?.startsWith(name)) continue;
      const opened = openRaw(record, stream, describeRaw(record, ''), sources);
      if ('refusal' in opened) throw new Error(opened.refusal.reason);
      expect(record.key?.toString()).toBe(opened.document.document);
      found.push(opened.document);
    }
  });
  return found.sort((a, b) => a.place.localeCompare(b.place, undefined, { numeric: true }));
}

const lettersOf = (name: string) => retrying(() => readLetters(name));

async function readLetters(name: string): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  await readToEnd(kafka, [DEAD_LETTER_TOPICS['avd.ingest']], async (slice) => {
    for (const { value } of slice.records) {
      const letter = value === null ? undefined : decodeDeadLetter(value);
      if (letter?.place.startsWith(name)) found.push(letter);
    }
  });
  return found;
}

describe('ingest', () => {
  it('produces each line as a document, with all that fan-out needs to know', async () => {
    const lines = Array.from({ length: 5_000 }, (_, i) => `{"type":"uses","subject":"s${i}.example"}`);
    const { path, name } = newFile(gzipSync(lines.join('\n')));
    const observedAt = Date.UTC(2026, 9, 1);
    expect(await ingest({ files: [path], observedAt })).toMatchObject({ documents: 5_000, refused: 0, refusals: [] });
    const documents = await documentsOf(name);
    expect(documents.map((document) => Buffer.from(document.bytes).toString())).toEqual(lines);
    expect(documents[6]).toMatchObject({
      source: 'partner',
      format: 'relationships-jsonl',
      observedAt,
      place: `${name} line 7`,
      columns: undefined,
      document: createHash('sha256').update(lines[6]!).digest('hex'),
    });
  });

  it('carries a document of 16 MiB, whether it compresses or not', async () => {
    for (const content of [Buffer.alloc(16 * 1024 * 1024, '{'), randomBytes(16 * 1024 * 1024)]) {
      content[0] = 0x7b;
      const { path, name } = newFile(content, '.har');
      expect(await ingest({ files: [path], stream: 'page-loads', source: 'page-crawler' })).toMatchObject({
        documents: 1,
      });
      const [document] = await documentsOf(name, 'page-loads');
      expect(content.equals(document?.bytes ?? Buffer.alloc(0))).toBe(true);
    }
  });

  it('dead-letters what is no document with its bytes and headers, and takes the rest', async () => {
    const header = 'type,subject,object';
    const broken = 'uses,"c,d';
    const { path, name } = newFile(`${header}\nuses,a.example,b.example\n${broken}`, '.csv');
    const report = await ingest({ files: [path] });
    expect(report).toMatchObject({
      documents: 1,
      refused: 1,
      refusals: [{ place: `${name} line 3`, code: 'UNCLOSED_QUOTE', reason: 'Unclosed quote that begins on line 3.' }],
      files: [{ path, documents: 1, refused: 1 }],
    });
    const [letter] = await lettersOf(name);
    expect(letter).toMatchObject({
      source: 'partner',
      stream: 'partner-relationships',
      code: 'UNCLOSED_QUOTE',
      topic: '',
    });
    expect(Buffer.from(letter?.original ?? []).toString()).toBe(broken);
    expect(letter?.headers).toMatchObject({ [RAW_HEADERS.columns]: header, [RAW_HEADERS.source]: 'partner' });
  });

  it('refuses a file whole whose header is longer than a dead letter could keep with each row', async () => {
    const headerOf = (bytes: number) => `type,subject,object,${'x'.repeat(bytes - 20)}`;
    const long = newFile(`${headerOf(16 * 1024 + 1)}\nuses,a.example,b.example,\n`, '.csv');
    const reason = 'The header is longer than the limit of 16 kB; no row was read.';
    expect(await ingest({ files: [long.path] })).toMatchObject({
      documents: 0,
      refused: 1,
      refusals: [{ place: long.name, code: 'TOO_LARGE', reason }],
    });
    const [letter, ...others] = await lettersOf(long.name);
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ place: long.name, code: 'TOO_LARGE', reason, truncated: false });
    expect(Buffer.from(letter?.original ?? [])).toEqual(readFileSync(long.path));
    expect(await documentsOf(long.name)).toEqual([]);

    const fitting = newFile(`${headerOf(16 * 1024)}\nuses,a.example,b.example,\n`, '.csv');
    expect(await ingest({ files: [fitting.path] })).toMatchObject({ documents: 1, refused: 0 });
  });

  it('keeps no more than the beginning of a bomb', async () => {
    const { path, name } = newFile(gzipSync(Buffer.alloc(64 * 1024 * 1024, '{'), { level: 1 }), '.har.gz');
    const report = await ingest({ files: [path], stream: 'page-loads', source: 'page-crawler' });
    expect(report).toMatchObject({ documents: 0, refused: 1, refusals: [{ code: 'TOO_LARGE' }] });
    const [letter] = await lettersOf(name);
    expect(letter).toMatchObject({ truncated: true });
    expect(letter?.original.length).toBe(64 * 1024);
  });

  it('produces nothing where one of the files, or the source, is not there', async () => {
    const { path, name } = newFile('{"type":"uses"}');
    await expect(ingest({ files: [path, join(folder, 'nowhere')] })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(ingest({ files: [path], source: 'nobody' })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(ingest({ files: [path], source: 'zdns' })).rejects.toThrow(/may not write.*analyst, imc2020, partner/);
    expect(await documentsOf(name)).toEqual([]);
  });
});

describe('avd ingest', () => {
  const root = inProgram('.');

  async function avd(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const env = { ...process.env, KAFKA_BROKERS: kafkaBrokers.join(','), AVD_HOME: folder };
    try {
      const done = await promisify(execFile)(process.execPath, ['build/cli.js', 'ingest', ...args], { cwd: root, env });
      return { code: 0, ...done };
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string };
    }
  }

  it('prints what it produced and what it refused, with the reason', async () => {
    const { path, name } = newFile('type,subject,object\nuses,"x', '.csv');
    const empty = newFile('type,subject,object\n', '.csv');
    const { code, stdout } = await avd('partner-relationships', path, empty.path, '--source', 'partner');
    expect(stdout).toContain(`${empty.path}: no documents; it is empty, or has a header and no rows.`);
    expect(stdout).toContain(`refused ${name} line 2: Unclosed quote that begins on line 2. (UNCLOSED_QUOTE)`);
    expect(stdout).toMatch(/0 documents, 0\.0 MB, 0 a second, 1 refused\.\n$/);
    expect(code).toBe(0);
  });

  it('prints the same as JSON', async () => {
    const { path } = newFile('{"type":"uses"}\n');
    const { code, stdout } = await avd(
      'partner-relationships',
      path,
      '--source',
      'partner',
      '--observed-at',
      '2026-01-02',
      '--json',
    );
    expect(JSON.parse(stdout)).toMatchObject({
      stream: 'partner-relationships',
      documents: 1,
      refused: 0,
      files: [{ path }],
    });
    expect(code).toBe(0);
  });

  it('tells a missing file (1) from wrong use (2), each in one sentence', async () => {
    const { path } = newFile('{}');
    const missing = await avd('dns', join(folder, 'nowhere.csv'), '--source', 'zdns');
    expect(missing).toMatchObject({ code: 1 });
    expect(missing.stderr).toContain(`There is no file ${join(folder, 'nowhere.csv')}\n`);
    for (const [args, sentence] of [
      [['nothing', path, '--source', 'zdns'], 'The streams are: page-loads, dns'],
      [['dns', path, '--source', 'nobody'], 'dns is written by: webdep, zdns'],
      [['dns', path, '--source', 'zdns', '--format', 'har'], 'has no format har'],
      [['dns', path, '--source', 'zdns', '--observed-at', 'yesterday'], '--observed-at is not an ISO 8601 time'],
      [['dns', path], '--source'],
    ] as const) {
      const wrong = await avd(...args);
      expect(wrong).toMatchObject({ code: 2 });
      expect(wrong.stderr).toContain(sentence);
    }
  });
});

import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Framed } from '../../../consumers/format.ts';
import { frameFile } from '../../../consumers/framing.ts';
import { splitLines, splitRows } from '../../../consumers/pieces.ts';
import type { Stream } from '../../../src/stream/topics.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'avd-framing-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function frame(
  name: string,
  content: string | Buffer,
  stream: Stream = 'partner-relationships',
  format?: string,
) {
  const path = join(folder, name);
  writeFileSync(path, content);
  const all: Framed[] = [];
  for await (const framed of frameFile(path, stream, { format })) all.push(framed);
  return all;
}
const texts = (all: readonly Framed[]) =>
  all.map((one) => (one.kind === 'document' ? Buffer.from(one.bytes).toString() : `${one.code} ${one.place}`));
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

const LINE = '{"type":"uses"}';
const HEADER = 'type,subject,object';

describe('frameFile', () => {
  it('makes each line a document, and counts the blank ones without taking them', async () => {
    const all = await frame('a.jsonl', `\ufeff${LINE}\r\n\r\n  \n${LINE}\n${LINE}`);
    expect(all).toMatchObject([
      { kind: 'document', place: 'a.jsonl line 1', format: 'relationships-jsonl' },
      { place: 'a.jsonl line 4' },
      { place: 'a.jsonl line 5' },
    ]);
    expect(texts(all)).toEqual([LINE, LINE, LINE]);
  });

  it('gives each CSV row its header and the line where it begins', async () => {
    const all = await frame('a.csv', `${HEADER}\r\nuses,a,"b\r\nc"\r\n\r\nuses,d,e`);
    expect(all).toMatchObject([
      { place: 'a.csv line 2', columns: HEADER, format: 'relationships-csv' },
      { place: 'a.csv line 5', columns: HEADER },
    ]);
    expect(texts(all)).toEqual(['uses,a,"b\r\nc"', 'uses,d,e']);
  });

  it('refuses a quote that never closes with all that it swallowed', async () => {
    const all = await frame('q.csv', `${HEADER}\nuses,a,b\nuses,"c,d\nuses,e,f\n`);
    expect(texts(all)).toEqual(['uses,a,b', 'UNCLOSED_QUOTE q.csv line 3']);
    expect(all[1]).toMatchObject({
      reason: 'Unclosed quote that begins on line 3; lines 3 to 4 are refused with it.',
      columns: HEADER,
      truncated: false,
    });
  });

  it('goes on behind a row in which something follows a closing quote', async () => {
    const all = await frame('q.csv', `${HEADER}\nuses,"c,d\nuses,"e",f\nuses,g,h\n`);
    expect(texts(all)).toEqual(['UNCLOSED_QUOTE q.csv line 2', 'uses,g,h']);
  });

  it('has no documents in an empty file, or below a header', async () => {
    expect(await frame('e.csv', `${HEADER}\r\n`)).toEqual([]);
    expect(await frame('e.jsonl', '')).toEqual([]);
    expect(await frame('e.har', ' \n', 'page-loads')).toEqual([]);
  });

  it('takes a document of one long line as fast as any other', async () => {
    const har = JSON.stringify({ log: { entries: [], comment: 'x'.repeat(60_000) } });
    const began = performance.now();
    expect(texts(await frame('one-line.har', har, 'page-loads'))).toEqual([har]);
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it('reads gzip by its content and not by its name', async () => {
    expect(texts(await frame('z.jsonl', gzipSync(`${LINE}\n${LINE}\n`)))).toEqual([LINE, LINE]);
    expect(texts(await frame('plain.jsonl.gz', `${LINE}\n`))).toEqual([LINE]);
    const members = Buffer.concat([gzipSync(`${LINE}\n`), gzipSync(`${LINE}\n`)]);
    expect(texts(await frame('members.gz', members))).toEqual([LINE, LINE]);
  });

  it('refuses gzip that breaks off, and keeps the lines before', async () => {
    const lines = Array.from({ length: 20_000 }, () => `{"a":"${randomBytes(20).toString('hex')}"}`).join('\n');
    const all = await frame('cut.gz', gzipSync(lines).subarray(0, 300_000));
    expect(all.length).toBeGreaterThan(1_000);
    expect(all.at(-1)).toMatchObject({ kind: 'refused', code: 'MALFORMED_GZIP', place: 'cut.gz' });
  });

  it('refuses a whole document that inflates beyond 16 MiB, and stops inflating', async () => {
    const bomb = gzipSync(Buffer.alloc(400 * 1024 * 1024, ' '), { level: 1 });
    const start = Buffer.concat([gzipSync('{"log":'), bomb]);
    const before = process.memoryUsage().rss;
    const [refused, ...rest] = await frame('bomb.har.gz', start, 'page-loads');
    expect(rest).toEqual([]);
    expect(refused).toMatchObject({ code: 'TOO_LARGE', digest: sha256(start), truncated: true });
    expect(refused?.kind === 'refused' && refused.original.length).toBe(64 * 1024);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });

  it('refuses a line beyond 16 MiB with its digest, and goes on behind it', async () => {
    const large = Buffer.alloc(17 * 1024 * 1024, 'x');
    const all = await frame(
      'large.jsonl.gz',
      gzipSync(Buffer.concat([Buffer.from(`${LINE}\n`), large, Buffer.from(`\n${LINE}`)])),
    );
    expect(texts(all)).toEqual([LINE, 'TOO_LARGE large.jsonl.gz line 2', LINE]);
    expect(all[1]).toMatchObject({ digest: sha256(large), truncated: true });
    expect(all[2]).toMatchObject({ place: 'large.jsonl.gz line 3' });
  });

  it('takes a file of the largest size, and not one byte more', async () => {
    const largest = Buffer.alloc(16 * 1024 * 1024, ' ');
    largest[0] = 0x7b;
    expect(await frame('fits.har', largest, 'page-loads')).toMatchObject([{ kind: 'document' }]);
    expect(await frame('over.har', Buffer.concat([largest, Buffer.from(' ')]), 'page-loads')).toMatchObject([
      { code: 'TOO_LARGE' },
    ]);
  });

  it('names UTF-16, and what no format fits', async () => {
    expect(texts(await frame('u.jsonl', Buffer.from(`\ufeff${LINE}`, 'utf16le')))).toEqual(['UTF16 u.jsonl']);
    const [unknown] = await frame('u.csv', 'who,knows\n1,2\n');
    expect(unknown).toMatchObject({ code: 'UNKNOWN_FORMAT', reason: expect.stringContaining('relationships-csv') });
  });

  it('takes the format that is named, and knows none but those of the stream', async () => {
    expect(await frame('n.txt', 'x\n', 'partner-relationships', 'relationships-jsonl')).toMatchObject([
      { kind: 'document', format: 'relationships-jsonl' },
    ]);
    await expect(frame('n.txt', 'x\n', 'partner-relationships', 'har')).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('says in one sentence that a file is not there', async () => {
    const path = join(folder, 'nowhere.csv');
    await expect(frameFile(path, 'dns', {}).next()).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `There is no file ${path}`,
    });
  });
});

describe('pieces', () => {
  async function* cut(text: string, size: number): AsyncGenerator<Buffer> {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  async function collect(split: typeof splitLines, text: string, size: number): Promise<string[]> {
    const found: string[] = [];
    for await (const piece of split(cut(text, size))) found.push(`${piece.line} ${piece.problem ?? ''} ${piece.bytes}`);
    return found;
  }

  it('are the same wherever the chunks are cut', async () => {
    const text = fc
      .array(fc.constantFrom('a', 'é', '"', '""', ',', '\n', '\r\n', ' '), { maxLength: 30 })
      .map((all) => all.join(''));
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 5 }), async (content, size) => {
        for (const split of [splitLines, splitRows]) {
          expect(await collect(split, content, size)).toEqual(await collect(split, content, 1000));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('give back every CSV row that was written by the rules', async () => {
    const rows = fc.array(
      fc.array(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', 'é') }), { minLength: 2, maxLength: 4 }),
      {
        maxLength: 6,
      },
    );
    await fc.assert(
      fc.asyncProperty(rows, async (written) => {
        const lines = written.map((fields) => fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(','));
        const found: string[] = [];
        for await (const piece of splitRows(cut(lines.join('\r\n'), 3))) found.push(piece.bytes.toString());
        expect(found).toEqual(lines);
      }),
    );
  });
});

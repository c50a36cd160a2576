import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readQuestions, renderLine } from '../../src/main/questions.ts';
import { loadSample, type SampleFile } from '../../src/main/sample.ts';

let folder: string;
let taken: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'avd-unit-'));
  taken = [];
  writeFileSync(join(folder, 'a.csv'), 'a');
  writeFileSync(join(folder, 'b.csv'), 'b');
  writeFileSync(
    join(folder, 'sample.yaml'),
    'files:\n  - {stream: dns, file: a.csv, source: zdns}\n  - {stream: dns, file: b.csv, source: zdns, observedAt: "2025-01-01T00:00:00Z"}\n',
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const load = (cluster = 'one', failAt = '') =>
  loadSample({
    folder,
    home: folder,
    cluster,
    ingest: async (_path, { file }: SampleFile) => {
      if (file === failAt) throw new Error('cut off');
      taken.push(file);
    },
  });

test('each file of the sample is ingested once', async () => {
  expect(await load()).toBe(2);
  expect(await load()).toBe(0);
  expect(taken).toEqual(['a.csv', 'b.csv']);
});

test('a file that was cut off is ingested again, those before it are not', async () => {
  await expect(load('one', 'b.csv')).rejects.toThrow('cut off');
  await load();
  expect(taken).toEqual(['a.csv', 'b.csv']);
});

test('a changed file, and another Kafka, are ingested anew', async () => {
  await load();
  writeFileSync(join(folder, 'a.csv'), 'changed');
  expect(await load()).toBe(1);
  expect(await load('another')).toBe(2);
});

test('a line of an answer takes values from the data by their paths', () => {
  const data = {
    organization: { name: 'Acme', dependents: { totalCount: 23520, nodes: [{ name: 'x' }, { name: 'y' }] } },
  };
  expect(renderLine('{organization.dependents.totalCount} depend on {organization.name}', data)).toBe(
    '23,520 depend on Acme',
  );
  expect(renderLine('such as {organization.dependents.nodes.*.name}', data)).toBe('such as x, y');
  expect(renderLine('{organization.nothing.here}', data)).toBe('?');
  expect(renderLine('{__proto__.polluted}', data)).toBe('?');
});

test('a question that is not one is said in one sentence', () => {
  writeFileSync(join(folder, 'questions.yaml'), 'questions: [{title: x, document: y}]');
  expect(() => readQuestions(join(folder, 'questions.yaml'))).toThrow(/questions\.0\.answer/);
});

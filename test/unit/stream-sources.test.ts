import { expect, test } from 'vitest';
import { loadSources, parseSources } from '../../src/governance/sources.ts';
import { inProgram } from '../../src/program.ts';

const PATH = inProgram('governance/sources.yaml');
const entry = (id: string, more = '') =>
  `- {id: ${id}, name: n, team: t, kind: sighting, topics: [dns], rank: 1, prior: 0.5, freshDays: 3, sensitiveFields: [], licence: own${more}}`;

test('the declared sources are right, and an undeclared one is unknown', async () => {
  const { sources, digest } = await loadSources(PATH);
  expect(sources.get('page-crawler')).toMatchObject({ kind: 'sighting', topics: ['page-loads'], promiseHours: 24 });
  expect(sources.get('nobody')).toBeUndefined();
  const ids = sources.all().map((source) => source.id);
  expect(ids).toEqual([...ids].sort());
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
});

test('every problem is named at once', () => {
  const text = `sources:\n${entry('Upper')}\n${entry('b', ', mistyped: 1')}\n${entry('c').replace('0.5', '1.5')}`;
  expect(() => parseSources(text)).toThrow(/sources\.0\.id.*sources\.1.*mistyped.*sources\.2\.prior/s);
});

test('a source declared twice and a file that is no YAML are refused', () => {
  expect(() => parseSources(`sources:\n${entry('a')}\n${entry('a')}`)).toThrow('a is declared twice');
  expect(() => parseSources('sources: [')).toThrow(/^The declared sources: .* \(1:11\)$/);
});

test('comments and order of the file change nothing', () => {
  const sorted = parseSources(`sources:\n${entry('a')}\n${entry('b')}`).all();
  expect(parseSources(`# why\nsources:\n${entry('b')}\n${entry('a')}`).all()).toEqual(sorted);
});

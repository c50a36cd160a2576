import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { idOfDependency, idOfOrganization } from '../../src/api/ids.ts';
import type { Driver } from '../../src/graph/driver.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { startApi, type TestApi } from './api-client.ts';
import { loadRealFacts } from './api-facts.ts';

const folder = new URL('../../graphql/examples/', import.meta.url);

/** One set of variables that has an answer for each example, and none for a variable that it does not have. */
const VARIABLES: Record<string, unknown> = {
  domain: 'tmall.com',
  name: 'sciencedirect.com',
  key: 'imc2020:dnsmadeeasy',
  service: 'DNS',
  text: 'a',
  from: idOfOrganization('domain:tmall.com'),
  to: idOfOrganization('imc2020:dnsmadeeasy'),
  dependency: idOfDependency({ dependent: 'domain:tmall.com', vendor: 'imc2020:taobao' }, undefined),
  filter: null,
};

const OTHERS: Record<string, string> = {
  'a list with items that fail': '{ nodes(ids: ["?", "AA", "b"]) { id } }',
  'an argument at fault below the root': '{ organization(domain: "tmall.com") { blastRadius(maxHops: 9) { total } } }',
  'an argument at fault at a root that may not be null': '{ incidents(first: 0) { nodes { id } } }',
  'faults side by side': '{ node(id: "?") { id } other: node(id: "!") { id } totals { claims } }',
  'an organization that nothing is known of':
    '{ organization(key: "nobody") { name } domain(name: "no.example") { name } }',
  'fragments, aliases and directives': `
    query ($yes: Boolean = true) {
      a: domain(name: "tmall.com") { ...D uses(first: 3) { nodes { ... on Node { id } subject { __typename ...D } } } }
      search(text: "dns") { edges { cursor node { __typename ... on Node { id } ... on Organization { key } } } }
    }
    fragment D on Domain { id name @skip(if: $yes) owner @include(if: $yes) { ... on Organization { name } } }`,
  'a page with cursors': `{ organization(key: "imc2020:dnsmadeeasy") { dependents(first: 5, orderBy: NAME) {
    totalCount edges { cursor node { name } services { service claims } } pageInfo { endCursor hasNextPage } } } }`,
  'an unknown vertex of paths': '{ exposurePaths(from: "x", to: "y") { nodes { length } } }',
  introspection: '{ __schema { queryType { name } } __type(name: "Domain") { name } __typename }',
};

let driver: Driver;
let planned: TestApi;
let plain: TestApi;

beforeAll(async () => {
  driver = testDriver();
  await freshDatabase(driver);
  await loadRealFacts(driver);
  planned = await startApi(driver);
  plain = await startApi(driver, { executor: 'plain' });
  // Answers name their instant: it is the same for both.
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterAll(async () => {
  vi.useRealTimers();
  await planned.close();
  await plain.close();
  await driver.close();
});

describe('both executors give the same bytes', () => {
  for (const file of readdirSync(folder)) {
    it(`for the example ${file}`, async () => {
      const text = readFileSync(new URL(file, folder), 'utf8');
      const names = [...text.matchAll(/\$(\w+):/g)].map((match) => match[1] ?? '');
      const given = Object.fromEntries(names.filter((n) => n in VARIABLES).map((n) => [n, VARIABLES[n]]));
      const answer = await plain.text(text, given);
      expect(JSON.parse(answer).errors).toBeUndefined();
      // Twice: the second time everything is prepared.
      expect(await planned.text(text, given)).toBe(answer);
      expect(await planned.text(text, given)).toBe(answer);
    });
  }

  for (const [name, text] of Object.entries(OTHERS)) {
    it(`for ${name}`, async () => {
      expect(await planned.text(text)).toBe(await plain.text(text));
    });
  }
});

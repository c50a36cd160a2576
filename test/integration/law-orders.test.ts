import { afterAll, describe, expect, test } from 'vitest';
import { loadKnowledge } from '../../src/main/knowledge.ts';
import { rawMessage } from '../../src/main/raw-message.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import { RAW_TOPICS } from '../../src/stream/topics.ts';
import { type Addressed, correctionOf } from '../support/deliveries.ts';
import { createPipeline } from '../support/pipeline.ts';
import { testServers } from '../support/test-servers.ts';

/**
 * The law where order would matter most, if it mattered: a statement, its retraction and the statement again; a merge
 * and its withdrawal, a dismissal and its withdrawal; an owner before, between and after the claims. Each wave is in the graph before the next is sent.
 */
const { knowledge } = await loadKnowledge();
const pipeline = createPipeline(testServers(), knowledge.sources);
const queries = createNeo4jQueries({ driver: pipeline.driver, sources: knowledge.sources });
afterAll(() => pipeline.close());

const at = (day: number): string => new Date(Date.UTC(2026, 0, day)).toISOString();

/** What a partner or an analyst says, as a message. */
async function says(source: string, statement: Readonly<Record<string, unknown>>): Promise<Addressed> {
  const framed = { bytes: Buffer.from(JSON.stringify(statement)), place: 'statements', format: 'relationships-jsonl' };
  return { topic: RAW_TOPICS['partner-relationships'], message: await rawMessage(framed, { source }) };
}

const uses = (subject: string, day: number, more = {}) =>
  says('partner', { type: 'uses', subject, object: 'vendor.example', service: 'dns', observedAt: at(day), ...more });

/** (f): stated, retracted, stated again; and the other way round: retracted in the end. */
const STATEMENTS = await Promise.all([
  uses('kept.example', 1, { confidence: 0.9 }),
  uses('kept.example', 2, { retracted: true }),
  uses('kept.example', 3, { confidence: 0.5 }),
]);
const RETRACTIONS = await Promise.all([
  uses('left.example', 1, { confidence: 0.9 }),
  uses('left.example', 2, { confidence: 0.5 }),
  uses('left.example', 3, { retracted: true }),
]);
/** (g): two companies of whom one took the other for itself, and took it back; and one pair that stays. */
const merge = (a: string, b: string, day: number, more = {}) =>
  says('analyst', { type: 'sameAs', subject: a, object: b, observedAt: at(day), reason: 'one company', ...more });
const MERGES = await Promise.all([
  merge('partner:vendor', 'partner:another', 1),
  merge('partner:vendor', 'partner:another', 2, { retracted: true }),
  merge('partner:another', 'partner:alias of another', 1),
]);
/** (g): domains that nobody claims; of three pairs one is taken back. */
const PROVISIONAL = await Promise.all([
  merge('domain:b.example', 'domain:a.example', 1),
  merge('domain:b.example', 'domain:c.example', 2),
  merge('domain:c.example', 'domain:d.example', 3, { retracted: true }),
]);
/** What analysts decide by the API: a dismissal that is taken back and made again, and one that is taken back in the end. */
const dismissed = (site: string, day: number, withdrawn = false) =>
  correctionOf(
    {
      kind: 'DISMISSED',
      subject: { kind: 'domain', name: site },
      service: 'DNS',
      object: { kind: 'domain', name: 'vendor.example' },
    },
    at(day),
    withdrawn,
  );
const DISMISSALS = [dismissed('two.example', 5), dismissed('two.example', 6, true), dismissed('two.example', 7)];
const RESTORED = [dismissed('three.example', 5), dismissed('three.example', 6), dismissed('three.example', 7, true)];
/** (h): who owns the vendor, by two sources of which the analyst's word counts. */
const owns = (source: string, owner: string, day: number) =>
  says(source, { type: 'belongsTo', subject: 'vendor.example', object: owner, observedAt: at(day) });
const OWNERS = await Promise.all([
  owns('partner', 'Former', 1),
  owns('analyst', 'partner:vendor', 1),
  owns('partner', 'Former', 5),
]);
/** One claim on the vendor in each wave, whatever the order of the others. */
const CLAIMS = await Promise.all(['one', 'two', 'three'].map((name) => uses(`${name}.example`, 1)));

const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

/** @returns the hash of the graph after three waves */
async function build(order: readonly number[]): Promise<string> {
  await pipeline.begin({ partitions: 1 });
  const consumers = pipeline.start();
  for (const [wave, next] of order.entries()) {
    const told = [STATEMENTS, RETRACTIONS, MERGES, PROVISIONAL, DISMISSALS, RESTORED, OWNERS].map((kind) => kind[next]);
    await pipeline.produce([...told, CLAIMS[wave]].filter((message) => message !== undefined));
    await pipeline.settle(consumers);
  }
  for (const consumer of consumers) await consumer.stop();
  expect(await pipeline.problems()).toEqual([]);
  const { faults, fanOut, graph } = await pipeline.account();
  expect({ faults, documents: fanOut.messages, events: graph.messages }).toEqual({
    faults: [],
    documents: 18,
    events: 30,
  });
  return pipeline.hash();
}

describe('the order of arrival changes nothing', () => {
  let first: string;

  test.each(ORDERS.map((order) => [order.map((place) => place + 1).join(', '), order] as const))(
    'when what comes is number %s',
    async (_name, order) => {
      const hash = await build(order);
      first ??= hash;
      expect(hash).toBe(first);
      await expectTheLastWordToStand();
    },
  );
});

async function expectTheLastWordToStand(): Promise<void> {
  const page = { first: 20, at: Date.UTC(2026, 0, 10) };
  const dependents = await queries.dependentsOf(['partner:vendor'], {}, page);
  expect(
    dependents
      .get('partner:vendor')
      ?.edges.map(({ node }) => node.dependent.key)
      .sort(),
  ).toEqual(['domain:kept.example', 'domain:one.example', 'domain:three.example']);
  const names = ['partner:vendor', 'partner:another', 'partner:alias of another'];
  const domains = ['a', 'b', 'c', 'd'].map((name) => `domain:${name}.example`);
  const canonical = await queries.organizations([...names, ...domains]);
  expect([...names, ...domains].map((name) => canonical.get(name)?.key)).toEqual([
    'partner:vendor',
    'partner:alias of another',
    'partner:alias of another',
    'analyst:a.example',
    'analyst:a.example',
    'analyst:a.example',
    'domain:d.example',
  ]);
}

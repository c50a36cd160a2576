import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyChange } from '../../../src/exposure/apply-change.ts';
import { ExposureIndex } from '../../../src/exposure/exposure-index.ts';
import { Facts } from '../../../src/exposure/facts.ts';
import type { Change } from '../../../src/graph/changes.ts';
import { changesOf } from '../../support/changes-of.ts';
import { expectDefinitions } from '../../support/definitions.ts';
import { ExposureOracle } from '../../support/exposure-oracle.ts';
import { declaredSources } from '../../support/facts.ts';
import { askedFilters, askedInstants, worlds } from '../../support/worlds.ts';

/** An index into which the changes are brought at once, or one after the other with questions in between. */
function indexOf(
  clock: number,
  hubSize: number,
): { index: ExposureIndex; apply: (changes: Change[]) => Promise<void> } {
  const facts = new Facts((source) => declaredSources.get(source)?.rank ?? Number.MAX_SAFE_INTEGER);
  const index = new ExposureIndex(facts, declaredSources, { clock: () => clock, hubSize });
  const apply = (changes: Change[]) =>
    index.change(() => {
      for (const { topic, value } of changes) applyChange(facts, topic, value);
    });
  return { index, apply };
}

test('whatever the facts, the index answers what the definitions say', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, askedFilters, askedInstants, fc.boolean(), async (actions, filter, at, isPresent) => {
      const { index, apply } = indexOf(isPresent ? at : at - 1, 2);
      await apply(changesOf(actions).flat());
      await expectDefinitions(index.queries(), actions, filter, at);
    }),
    { numRuns: 300 },
  );
}, 120_000);

test('changes that come in any order, twice, between questions, give the index that a fresh one would be', async () => {
  await fc.assert(
    fc.asyncProperty(
      worlds.chain((actions) => {
        const changes = changesOf(actions).flat();
        return fc.tuple(
          fc.constant(actions),
          fc.shuffledSubarray([...changes, ...changes], { minLength: changes.length * 2 }),
        );
      }),
      askedFilters,
      askedInstants,
      async ([actions, changes], filter, at) => {
        const { index, apply } = indexOf(at, 2);
        const queries = index.queries();
        const keys = new ExposureOracle(actions).organizations();
        for (let i = 0; i < changes.length; i += 3) {
          await apply(changes.slice(i, i + 3));
          await askAll(queries, keys, at);
        }
        const fresh = indexOf(at, 1_000_000);
        await fresh.apply(changesOf(actions).flat());
        expect(await askAll(queries, keys, at)).toEqual(await askAll(fresh.index.queries(), keys, at));
        await expectDefinitions(queries, actions, filter, at);
      },
    ),
    { numRuns: 150 },
  );
}, 120_000);

type Queries = ReturnType<ExposureIndex['queries']>;

/** Everything that the index keeps, read: pages in each order, totals, counts of vendors. */
async function askAll(queries: Queries, keys: readonly string[], at: number): Promise<unknown> {
  const page = { first: 2, at };
  const answers: unknown[] = [];
  for (const orderBy of ['CONFIDENCE', 'NAME', 'LAST_SEEN'] as const) {
    for (const criticalOnly of [false, true]) {
      const first = await queries.dependentsOf(keys, { orderBy, criticalOnly }, page);
      answers.push(first);
      for (const [key, { edges, hasNextPage }] of first) {
        const after = edges.at(-1)?.cursor;
        if (hasNextPage) answers.push(await queries.dependentsOf([key], { orderBy, criticalOnly }, { ...page, after }));
      }
    }
  }
  for (const service of [undefined, 'DNS'] as const) {
    answers.push(await queries.vendors({ service }, { first: 100, at }));
    answers.push(await queries.vendors({ service, orderBy: 'NAME' }, { first: 100, at }));
    answers.push(await queries.dependentTotalsOf(keys, { service, criticalOnly: true }, at));
    answers.push(await queries.concentrationRisk({ service, maxHops: 2 }, { first: 100, at }));
  }
  return answers;
}

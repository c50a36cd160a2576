import { afterEach, describe, expect, it, vi } from 'vitest';
import { Hub } from '../../../src/exposure/hub.ts';
import { VendorCounts } from '../../../src/exposure/vendor-counts.ts';
import { View } from '../../../src/exposure/view.ts';
import { createHub, VENDOR } from '../../support/hub-world.ts';

/** More than are looked at one by one where what they use moves. */
const SITES = 11_000;

afterEach(() => vi.restoreAllMocks());

/** What is worked out from here on: subjects judged, hubs listed and vendors counted anew. */
function watched() {
  const spies = [vi.spyOn(View.prototype, 'judge'), vi.spyOn(Hub.prototype, 'build')];
  const counting = vi.spyOn(VendorCounts.prototype, 'build');
  return () => [...spies, counting].map(({ mock }) => mock.calls.length);
}

describe("a hub's new owner", () => {
  it('takes over its list and its counts; only who uses what else the owner has is looked at again', async () => {
    const { facts, state, index, use, own, page, totalOf, stateThat } = await createHub(SITES);
    await index.change(() => facts.putOwnership(own('other', 'p:owner')));
    await index.change(() => facts.putOwnership(own('site7', 'p:owner')));
    await stateThat(use('site1', 'other', state.now));
    await stateThat(use('elsewhere', 'other', state.now));
    const vendorsOf = () => index.queries().vendors({}, { first: 2, at: state.now });
    await page();
    await vendorsOf();
    const workDone = watched();
    await index.change(() => facts.putOwnership(own('vendor', 'p:owner')));
    const [first] = await page(undefined, 'p:owner');
    expect(first?.node.dependent.name).toBe('elsewhere');
    // All sites but the owner's own, and who used something else of it.
    expect([await totalOf('p:owner'), await totalOf(VENDOR)]).toEqual([SITES, 0]);
    const [vendor] = (await vendorsOf()).edges;
    expect([vendor?.node.organization.key, vendor?.node.dependents]).toEqual(['p:owner', SITES]);
    const [judged, ...made] = workDone();
    expect(judged).toBeLessThan(100);
    expect(made).toEqual([0, 0]);
  });
});

describe('the withdrawal of a source', () => {
  it('leaves everything as it is where the source has said nothing', async () => {
    const { facts, state, index, page, totalOf } = await createHub(SITES);
    await page();
    await index.queries().vendors({}, { first: 2, at: state.now });
    const workDone = watched();
    await index.change(() => facts.withdraw(facts.source('webdep'), state.now));
    await page();
    await index.queries().vendors({}, { first: 2, at: state.now });
    expect(await totalOf(VENDOR)).toBe(SITES);
    expect(workDone()).toEqual([0, 0, 0]);
  });

  it('looks again only at those of whom the source has said something', async () => {
    const { facts, state, index, use, page, totalOf, stateThat } = await createHub(SITES);
    await stateThat({ ...use('only', 'vendor', state.now), source: facts.source('imc2020') });
    await page();
    const workDone = watched();
    expect(await totalOf(VENDOR)).toBe(SITES + 1);
    state.now += 1_000;
    await index.change(() => facts.withdraw(facts.source('imc2020'), state.now));
    expect(await totalOf(VENDOR)).toBe(SITES);
    expect(workDone()).toEqual([1, 0, 0]);
  });

  it('is worked off between questions, which do not wait until all of it is done', async () => {
    const { facts, state, index, own, page, totalOf } = await createHub(SITES);
    await index.change(() => {
      for (let n = 0; n < SITES; n++) facts.putOwnership(own(`site${n}`, `p:group${n % 100}`, 'imc2020'));
    });
    expect(await totalOf(VENDOR)).toBe(100);
    const ended: string[] = [];
    const withdrawn = index
      .change(() => facts.withdraw(facts.source('imc2020'), state.now))
      .then(() => ended.push('withdrawal'));
    await page().then(() => ended.push('page'));
    await withdrawn;
    expect(ended).toEqual(['page', 'withdrawal']);
    expect(await totalOf(VENDOR)).toBe(SITES);
  });
});

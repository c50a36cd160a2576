import type { ClaimRow } from '../../src/exposure/claim-table.ts';
import { ExposureIndex } from '../../src/exposure/exposure-index.ts';
import { Facts, OWNERSHIP } from '../../src/exposure/facts.ts';
import { arrange } from '../../src/exposure/load.ts';
import type { Cursor } from '../../src/queries/types.ts';
import { day, declaredSources } from './facts.ts';

export const VENDOR = 'domain:vendor';

/** An index of many sites that use one vendor since days, ready to be asked and changed. */
export async function createHub(sites: number) {
  const facts = new Facts(() => 1);
  const state = { now: day(20) + 3_600_000 };
  const said = { sighted: Number.NaN, measured: -1, retractedAt: Number.NaN };
  const use = (site: string, vendor: string, statedAt: number, retractedAt = Number.NaN): ClaimRow => ({
    ...said,
    subject: facts.nodes.intern(`domain:${site}`),
    object: facts.nodes.intern(`domain:${vendor}`),
    kind: 0,
    source: facts.source('partner'),
    firstSeen: statedAt,
    lastSeen: statedAt,
    statedAt,
    statedConfidence: 1,
    retractedAt,
  });
  const own = (domain: string, organization: string, source = 'partner'): ClaimRow => ({
    ...said,
    subject: facts.nodes.intern(`domain:${domain}`),
    object: facts.nodes.intern(organization),
    kind: OWNERSHIP,
    source: facts.source(source),
    firstSeen: Number.NaN,
    lastSeen: Number.NaN,
    statedAt: day(1),
    statedConfidence: Number.NaN,
  });
  for (let n = 0; n < sites; n++) facts.uses.append(use(`site${n}`, 'vendor', day(10)));
  arrange(facts);
  const index = new ExposureIndex(facts, declaredSources, { clock: () => state.now, hubSize: 100 });
  await index.warm();
  const page = async (after?: Cursor, vendor = VENDOR) => {
    const args = { orderBy: 'NAME' } as const;
    const pages = await index.queries().dependentsOf([vendor], args, { first: 10, at: state.now, after });
    return pages.get(vendor)?.edges ?? [];
  };
  const totalOf = async (vendor: string, at = state.now) =>
    (await index.queries().dependentTotalsOf([vendor], {}, at)).get(vendor);
  /** A second later somebody says so. */
  const stateThat = async (row: ClaimRow) => {
    state.now += 1_000;
    await index.change(() => facts.putUse(row));
  };
  return { facts, state, index, use, own, page, totalOf, stateThat };
}

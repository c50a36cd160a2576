import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { frameFile } from '../../consumers/framing.ts';
import { fanOutPartnerRelationships } from '../../consumers/partner-relationships/fan-out.ts';
import { createDetector } from '../../src/detection/detector.ts';
import type { GraphAction } from '../../src/graph/actions.ts';
import type { Driver } from '../../src/graph/driver.ts';
import type { Service } from '../../src/identity/service.ts';
import { mapTyped } from '../../src/main/mapping.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import type { ExposureQueries } from '../../src/queries/types.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { declaredSources, writeFacts } from '../support/facts.ts';

/**
 * "Analyzing Third Party Service Dependencies in Modern Web Services", ACM IMC 2020: the figures of its data set at
 * registrable domains, as the data set's authors published it and as sample/README.md tells.
 */

const MEASURED = Date.parse('2020-01-15T00:00:00Z');
const AT = Date.parse('2020-06-01T00:00:00Z');

let driver: Driver;
let queries: ExposureQueries;

beforeAll(async () => {
  driver = testDriver();
  queries = createNeo4jQueries({ driver, sources: declaredSources, timeout: 100_000 });
  await freshDatabase(driver);
  await writeFacts(driver, await actionsOf('site-dependencies.csv.gz'));
}, 600_000);
afterAll(() => driver.close());

async function actionsOf(file: string): Promise<GraphAction[]> {
  const path = fileURLToPath(new URL(`../../sample/imc2020/${file}`, import.meta.url));
  const knowledge = { sources: declaredSources, detector: createDetector([], []) };
  const stream = 'partner-relationships';
  const actions: GraphAction[] = [];
  for await (const framed of frameFile(path, stream, {})) {
    if (framed.kind !== 'document') {
      throw new Error(`Refused: ${framed.code}`);
    }
    const { bytes, place, format, columns } = framed;
    const document = createHash('sha256').update(bytes).digest('hex');
    const raw = {
      bytes,
      place,
      format,
      columns,
      document,
      stream,
      source: 'imc2020',
      observedAt: MEASURED,
      producedAt: AT,
    };
    for (const { topic, value, id, source, time } of fanOutPartnerRelationships(raw, knowledge).events) {
      actions.push(...mapTyped(topic, value, { id, source, time }));
    }
  }
  return actions;
}

/** `[direct, directCritical]` of the vendors asked for, and of all together. */
async function figures(service: Service, vendors: readonly string[]) {
  const page = { first: 500, at: AT };
  const risk = await queries.concentrationRisk({ service, maxHops: 4, withReach: false }, page);
  const of = new Map(risk.edges.map(({ node }) => [node.vendor.key, [node.direct, node.directCritical]]));
  const totals = await queries.dependentTotalsOf(vendors, { service }, AT);
  for (const vendor of vendors) {
    expect([vendor, totals.get(vendor)]).toEqual([vendor, of.get(vendor)?.[0]]);
  }
  return { all: [risk.dependentTotal, risk.criticalTotal], of: vendors.map((vendor) => of.get(vendor)) };
}

test('the dependencies of the sites add up to the published figures', async () => {
  expect(await figures('DNS', ['imc2020:cloudflare', 'imc2020:aws', 'imc2020:godaddy'])).toEqual({
    all: [72_601, 70_884],
    of: [
      [23_520, 23_396],
      [11_614, 11_411],
      [4_235, 4_054],
    ],
  });
  const authorities = ['imc2020:digicertinc', "imc2020:let'sencrypt", 'imc2020:comodocalimited'];
  expect(await figures('CERTIFICATE_AUTHORITY', authorities)).toEqual({
    all: [77_664, 58_988],
    of: [
      [25_485, 21_378],
      [20_879, 15_118],
      [8_525, 4_928],
    ],
  });
}, 300_000);

test('with the providers’ own providers, some reach far more than they serve', async () => {
  await writeFacts(driver, await actionsOf('provider-dependencies.csv'));
  expect((await figures('DNS', ['imc2020:cloudflare'])).of).toEqual([[23_527, 23_400]]);

  const vendor = 'imc2020:dnsmadeeasy';
  const service = 'DNS';
  const blast = (criticalOnly: boolean) => queries.blastRadius(vendor, { service, maxHops: 4, criticalOnly }, AT);
  expect(await blast(false)).toEqual({
    total: 26_405,
    byDistance: [
      { distance: 1, organizations: 1_122 },
      { distance: 2, organizations: 25_283 },
    ],
  });
  expect(await blast(true)).toMatchObject({ total: 22_387, byDistance: [{ organizations: 1_004 }, {}] });

  const page = { first: 12, at: AT };
  const risk = await queries.concentrationRisk({ service, maxHops: 4 }, page);
  const found = risk.edges.find(({ node }) => node.vendor.key === vendor);
  expect(found?.node).toMatchObject({ direct: 1_122, directCritical: 1_004, reach: 26_405, reachCritical: 22_387 });

  const scope = { organizations: [], domains: ['ebay.com', 'google.com', 'amazon.com'] };
  const portfolio = await queries.concentrationRisk({ scope, maxHops: 4 }, page);
  expect(portfolio.dependentTotal).toBe(3);
  const [first] = portfolio.edges;
  expect(first?.node).toMatchObject({ vendor: { key: 'imc2020:digicertinc' }, direct: 2, share: 2 / 3 });
}, 300_000);

import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idOfOrganization } from '../../src/api/ids.ts';
import { createDetector } from '../../src/detection/detector.ts';
import { graphHash } from '../../src/graph/hash.ts';
import { replay } from '../../src/main/replay.ts';
import { createCustomers } from '../support/customers.ts';
import { freshDatabase } from '../support/database.ts';
import { day, declaredSources, own, same, stateUse, writeFacts } from '../support/facts.ts';

let customers: Awaited<ReturnType<typeof createCustomers>>;

beforeAll(async () => {
  customers = await createCustomers();
  customers.start();
  await writeFacts(customers.driver, [
    stateUse('partner', 'a.example', 'DNS', 'partner:dns', day(1)),
    stateUse('partner', 'b.example', 'DNS', 'partner:dns', day(1)),
    stateUse('partner', 'c.example', 'CDN', 'partner:cdn', day(1)),
  ]);
});
afterAll(() => customers.close());

const CREATE =
  'mutation ($name: String!, $key: String) { createPortfolio(name: $name, key: $key) { id name alertDepth } }';
const FOLLOW = `mutation ($id: ID!, $domains: [String!], $organizations: [ID!]) {
  follow(portfolio: $id, domains: $domains, organizations: $organizations) { followed { totalCount nodes { kind name organization { key } } } }
}`;
const READ = `query ($id: ID!) {
  portfolio(id: $id) { id name alertDepth followed { totalCount nodes { name } } organizations { nodes { key } } }
}`;
const CONCENTRATION = `query ($scope: ScopeInput) {
  concentrationRisk(scope: $scope) { dependentTotal nodes { vendor { key } direct } }
}`;

async function create(tenant: string, name: string): Promise<string> {
  return (await customers.data(tenant, CREATE, { name })).createPortfolio.id;
}

describe('a portfolio', () => {
  it('is created, renamed, found by name, and deleted for good', async () => {
    const id = await create('acme', 'Suppliers');
    await create('acme', 'Banks');
    const rename = 'mutation ($id: ID!) { renamePortfolio(id: $id, name: "All suppliers") { id name } }';
    expect((await customers.data('acme', rename, { id })).renamePortfolio).toEqual({ id, name: 'All suppliers' });
    const depth = 'mutation ($id: ID!) { setAlertDepth(id: $id, alertDepth: 2) { alertDepth } }';
    expect((await customers.data('acme', depth, { id })).setAlertDepth.alertDepth).toBe(2);

    const list =
      'query ($after: String) { portfolios(first: 1, after: $after) { nodes { name } pageInfo { endCursor hasNextPage } } }';
    const { portfolios: first } = await customers.data('acme', list);
    const { portfolios: second } = await customers.data('acme', list, { after: first.pageInfo.endCursor });
    expect([first.nodes, second.nodes]).toEqual([[{ name: 'All suppliers' }], [{ name: 'Banks' }]]);
    expect(second.pageInfo.hasNextPage).toBe(false);

    expect(
      (await customers.data('acme', 'mutation ($id: ID!) { deletePortfolio(id: $id) }', { id })).deletePortfolio,
    ).toBe(id);
    expect(await customers.ask('acme', READ, { id })).toEqual({ data: { portfolio: null }, codes: ['NOT_FOUND'] });
    expect((await customers.ask('acme', rename, { id })).codes).toEqual(['NOT_FOUND']);
  });

  it('is made once where its creator asks again with the same key', async () => {
    const made = await customers.data('acme', CREATE, { name: 'Mine', key: 'order 7' });
    expect(await customers.data('acme', CREATE, { name: 'Mine again', key: 'order 7' })).toEqual(made);
    const others = await customers.data('bolt', CREATE, { name: 'Theirs', key: 'order 7' });
    expect(others.createPortfolio.id).not.toBe(made.createPortfolio.id);
  });

  it('follows domains and organizations as they were named, and resolves them when it is read', async () => {
    const id = await create('acme', 'Followed');
    const organizations = [idOfOrganization('domain:b.example'), idOfOrganization('partner:late')];
    const { follow } = await customers.data('acme', FOLLOW, {
      id,
      domains: ['WWW.A.example', 'never.example'],
      organizations,
    });
    expect(follow.followed).toEqual({
      totalCount: 4,
      nodes: [
        { kind: 'DOMAIN', name: 'a.example', organization: { key: 'domain:a.example' } },
        { kind: 'DOMAIN', name: 'b.example', organization: { key: 'domain:b.example' } },
        { kind: 'DOMAIN', name: 'never.example', organization: null },
        { kind: 'ORGANIZATION', name: 'partner:late', organization: null },
      ],
    });
    expect((await customers.data('acme', READ, { id })).portfolio.organizations.nodes).toHaveLength(2);
    const { concentrationRisk: before } = await customers.data('acme', CONCENTRATION, { scope: { portfolio: id } });
    expect(before).toEqual({ dependentTotal: 2, nodes: [{ vendor: { key: 'partner:dns' }, direct: 2 }] });

    await writeFacts(customers.driver, [
      own('partner', 'a.example', 'partner:early', day(2)),
      own('partner', 'c.example', 'partner:late', day(2)),
      same('partner', 'partner:early', 'partner:late', day(3)),
    ]);
    const { portfolio } = await customers.data('acme', READ, { id });
    expect(portfolio.organizations.nodes).toEqual([{ key: 'domain:b.example' }, { key: 'partner:early' }]);
    const { concentrationRisk: now } = await customers.data('acme', CONCENTRATION, { scope: { portfolio: id } });
    expect(now.nodes).toEqual([
      { vendor: { key: 'partner:dns' }, direct: 2 },
      { vendor: { key: 'partner:cdn' }, direct: 1 },
    ]);

    const unfollow = `mutation ($id: ID!) { unfollow(portfolio: $id, domains: ["b.example"]) { followed { totalCount } } }`;
    expect((await customers.data('acme', unfollow, { id })).unfollow.followed.totalCount).toBe(3);
    const again = await customers.data('acme', FOLLOW, { id, domains: ['b.example'] });
    expect(again.follow.followed.totalCount).toBe(4);
  });

  it('that is empty is nobody, not everybody', async () => {
    const id = await create('acme', 'Empty');
    const { concentrationRisk } = await customers.data('acme', CONCENTRATION, { scope: { portfolio: id } });
    expect(concentrationRisk).toEqual({ dependentTotal: 0, nodes: [] });
  });

  it('is as unknown to another tenant as one that never was', async () => {
    const id = await create('acme', 'Secret');
    const missing = await create('bolt', 'Own');
    for (const [query, variables] of [
      [READ, { id }],
      [FOLLOW, { id, domains: ['a.example'] }],
      ['mutation ($id: ID!) { deletePortfolio(id: $id) }', { id }],
      ['mutation ($id: ID!) { importPortfolio(portfolio: $id, csv: "a.example") { lines } }', { id }],
      [CONCENTRATION, { scope: { portfolio: id } }],
    ] as const) {
      expect((await customers.ask('bolt', query, variables)).codes, query).toEqual(['NOT_FOUND']);
    }
    expect(await customers.data('bolt', 'query ($id: ID!) { node(id: $id) { id } }', { id })).toEqual({ node: null });
    expect((await customers.data('bolt', 'query ($id: ID!) { node(id: $id) { id } }', { id: missing })).node.id).toBe(
      missing,
    );
    const { portfolios } = await customers.data('bolt', '{ portfolios { nodes { name } } }');
    expect(portfolios.nodes.map((p: { name: string }) => p.name)).not.toContain('Secret');
  });

  it('takes a list of 10,000 domains and reports each of 200 bad lines', async () => {
    const id = await create('acme', 'Imported');
    const rows = Array.from({ length: 10_200 }, (_, i) =>
      i % 51 === 50 ? (BAD[Math.floor(i / 51) % BAD.length] ?? '192.0.2.1') : `site-${i}.example`,
    );
    const begun = performance.now();
    const { importPortfolio: report } = await customers.data(
      'acme',
      `mutation ($id: ID!, $csv: String!) { importPortfolio(portfolio: $id, csv: $csv) {
        domains lines repeated refusedTotal refused { line code reason } portfolio { followed { totalCount } } } }`,
      { id, csv: ['domain', ...rows].join('\n') },
    );
    const took = performance.now() - begun;
    process.stdout.write(`10,000 domains imported, 200 lines refused: ${took.toFixed(0)} ms\n`);
    expect(report).toMatchObject({ domains: 10_000, lines: 10_200, repeated: 0, refusedTotal: 200 });
    expect(report.portfolio.followed.totalCount).toBe(10_000);
    const bad = rows.flatMap((_, i) => (i % 51 === 50 ? [i + 2] : []));
    expect(report.refused.map(({ line }: { line: number }) => line)).toEqual(bad);
    expect(
      report.refused.every(({ code, reason }: { code: string; reason: string }) => code !== '' && reason !== ''),
    ).toBe(true);
  });

  it('is no part of the graph’s hash, and a replay into an empty database keeps it', async () => {
    const before = await graphHash(customers.driver);
    const id = await create('acme', 'Kept');
    await customers.data('acme', FOLLOW, { id, domains: ['a.example', 'z.example'] });
    await customers.data('acme', 'mutation ($id: ID!) { unfollow(portfolio: $id, domains: ["z.example"]) { id } }', {
      id,
    });
    expect(await graphHash(customers.driver)).toBe(before);
    const names =
      'query ($id: ID!) { portfolios { nodes { id name alertDepth changedAt } } portfolio(id: $id) { createdAt followed { nodes { name since } } } }';
    const kept = await customers.data('acme', names, { id });

    await customers.stop();
    await freshDatabase(customers.driver);
    expect((await customers.data('acme', '{ portfolios { nodes { id } } }')).portfolios.nodes).toEqual([]);
    const knowledge = { sources: declaredSources, detector: createDetector([], []) };
    const { kafka, driver } = customers;
    await replay({ kafka, driver, knowledge, logger: pino({ level: 'silent' }) });
    expect(await customers.data('acme', names, { id })).toEqual(kept);
  });

  it('tells who changes it that the change is on its way where the graph stage is late', async () => {
    const late = await createCustomers({ patience: 300 });
    try {
      const asked = await late.ask('acme', CREATE, { name: 'Late', key: 'k' });
      expect(asked.codes).toEqual(['CHANGE_PENDING']);
      late.start();
      await expect
        .poll(async () => (await late.data('acme', '{ portfolios { nodes { name } } }')).portfolios.nodes, {
          timeout: 30_000,
        })
        .toEqual([{ name: 'Late' }]);
    } finally {
      await late.close();
    }
  });
});

const BAD = ['https://a.example/', '192.0.2.7', 'co.uk', 'a b.example', '.example', '"open.example', 'user@a.example'];

import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idOfDomain, idOfIncident, idOfOrganization } from '../../src/api/ids.ts';
import { createDetector } from '../../src/detection/detector.ts';
import { checkGraph } from '../../src/graph/check.ts';
import { graphHash } from '../../src/graph/hash.ts';
import { createOutbox } from '../../src/graph/outbox.ts';
import { replay } from '../../src/main/replay.ts';
import { createNeo4jQueries } from '../../src/queries/neo4j.ts';
import { createChangeRelay } from '../../src/stream/change-relay.ts';
import { createCustomers } from '../support/customers.ts';
import { freshDatabase } from '../support/database.ts';
import { day, declaredSources, dismiss, sight, stateUse, writeFacts } from '../support/facts.ts';
import { startKeeping } from '../support/keeping.ts';
import { untilReached } from '../support/kept-index.ts';

/** What analysts decide by the API goes through Kafka into the graph, counts in both engines, and outlives a replay. */

const ANALYST = 'acme analyst';
const rankOf = (source: string) => declaredSources.get(source)?.rank ?? 99;
let customers: Awaited<ReturnType<typeof createCustomers>>;

beforeAll(async () => {
  customers = await createCustomers();
  customers.start();
  await writeFacts(customers.driver, FACTS);
});
afterAll(() => customers.close());

const FACTS = [
  sight('zdns', 'a.example', 'DNS', 'dns.example', day(1)),
  sight('webdep', 'a.example', 'DNS', 'dns.example', day(1)),
  stateUse('partner', 'a.example', 'CDN', 'dns.example', day(1)),
  sight('zdns', 'b.example', 'DNS', 'dns.example', day(1)),
  stateUse('partner', 'c.example', 'CDN', 'partner:cdn', day(1)),
  stateUse('partner', 'partner:shop', 'CDN', 'partner:cdn', day(1)),
  stateUse('partner', 'd.example', 'MAIL', 'partner:mail', day(1)),
  stateUse('partner', 'e.example', 'MAIL', 'partner:mail 2', day(1)),
  stateUse('partner', 'f.example', 'MAIL', 'partner:mail', day(1)),
  stateUse('partner', 'g.example', 'MAIL', 'partner:mail', day(1)),
];

const DECISION = `id kind service author reason decidedAt inForce withdrawal { author reason withdrawnAt }
  subject { ... on Domain { name } ... on Organization { key } }
  object { ... on Domain { name } ... on Organization { key } }`;
const decide = (mutation: string) => `mutation ($subject: ID!, $service: Service!, $object: ID!, $reason: String!) {
  ${mutation}(subject: $subject, service: $service, object: $object, reason: $reason) { ${DECISION} } }`;
const CONFIRM = decide('confirmDependency');
const DISMISS = decide('dismissDependency');
const MERGE = `mutation ($a: ID!, $b: ID!, $reason: String!) {
  mergeOrganizations(a: $a, b: $b, reason: $reason) { organization { key name } decisions { ${DECISION} } } }`;
const WITHDRAW = `mutation ($ids: [ID!]!, $reason: String!) {
  withdrawDecisions(ids: $ids, reason: $reason) { ${DECISION} } }`;
const DEPENDENCIES = `query ($id: ID!, $dismissed: Boolean) { node(id: $id) { ... on Organization {
  dependencies(dismissed: $dismissed) { totalCount edges { status services { service claims critical } node { key } } } } } }`;
const ORGANIZATION = 'query ($key: String!) { organization(key: $key) { key aliases { key } } }';

const domain = idOfDomain;
const provisional = (name: string) => idOfOrganization(`domain:${name}`);
const organization = idOfOrganization;

/** A use as the mutations name it. */
const use = (subject: string, service: string, object: string, reason = 'I asked them') => ({
  subject,
  service,
  object,
  reason,
});

async function dependencies(name: string, dismissed = false): Promise<any> {
  return (await customers.data('acme', DEPENDENCIES, { id: provisional(name), dismissed })).node.dependencies;
}

const DEPENDENCY = 'id status confidence services { service claims critical } vendor { key } claims { nodes { id } }';

const dependency = async (id: string): Promise<any> =>
  (await customers.data('acme', `query ($id: ID!) { node(id: $id) { ... on Dependency { ${DEPENDENCY} } } }`, { id }))
    .node;

const statuses = ({ edges }: any): string[] => edges.map((edge: any) => `${edge.node.key} ${edge.status}`);

const withdraw = async (ids: readonly string[], reason = 'I was wrong') =>
  (await customers.data(ANALYST, WITHDRAW, { ids, reason })).withdrawDecisions;

describe('an analyst', () => {
  it('confirms a dependency, and takes that back', async () => {
    const asked = use(domain('c.example'), 'CDN', organization('partner:cdn'));
    expect(statuses(await dependencies('c.example'))).toEqual(['partner:cdn STATED']);
    const { confirmDependency: made } = await customers.data(ANALYST, CONFIRM, asked);
    expect(made).toMatchObject({
      kind: 'CONFIRMED',
      service: 'CDN',
      author: 'somebody at acme',
      reason: 'I asked them',
      withdrawal: null,
      subject: { name: 'c.example' },
      object: { key: 'partner:cdn' },
    });
    expect(Math.abs(Date.parse(made.decidedAt) - Date.now())).toBeLessThan(60_000);
    expect(statuses(await dependencies('c.example'))).toEqual(['partner:cdn CONFIRMED']);

    const [withdrawn] = await withdraw([made.id]);
    expect(withdrawn).toMatchObject({
      ...made,
      inForce: false,
      withdrawal: { author: 'somebody at acme', reason: 'I was wrong', withdrawnAt: expect.any(String) },
    });
    expect(statuses(await dependencies('c.example'))).toEqual(['partner:cdn STATED']);

    const { confirmDependency: again } = await customers.data(ANALYST, CONFIRM, { ...asked, reason: 'now I know' });
    expect(again).toMatchObject({ id: made.id, reason: 'now I know', withdrawal: null });
    expect(statuses(await dependencies('c.example'))).toEqual(['partner:cdn CONFIRMED']);
  });

  it('confirms what nobody has claimed', async () => {
    await customers.data(ANALYST, CONFIRM, use(domain('c.example'), 'MAIL', organization('partner:mail')));
    expect(statuses(await dependencies('c.example')).sort()).toEqual([
      'partner:cdn CONFIRMED',
      'partner:mail CONFIRMED',
    ]);
  });

  it('dismisses what all sources say of one subject, service and object, and nothing else', async () => {
    const asked = use(domain('a.example'), 'DNS', domain('dns.example'), 'a parked site');
    const { dismissDependency: made } = await customers.data(ANALYST, DISMISS, asked);
    expect(made).toMatchObject({ kind: 'DISMISSED', service: 'DNS', reason: 'a parked site', withdrawal: null });
    const rest = await dependencies('a.example');
    expect(rest.edges).toEqual([
      {
        node: { key: 'domain:dns.example' },
        status: 'STATED',
        services: [{ service: 'CDN', claims: 1, critical: true }],
      },
    ]);
    // Something of the vendor still counts, so as a whole it is not dismissed.
    expect((await dependencies('a.example', true)).totalCount).toBe(0);
    expect(statuses(await dependencies('b.example'))).toEqual(['domain:dns.example OBSERVED']);

    const other = await customers.data(ANALYST, DISMISS, { ...asked, service: 'CDN' });
    expect(await dependencies('a.example')).toEqual({ totalCount: 0, edges: [] });
    const dismissed = await dependencies('a.example', true);
    expect(dismissed).toEqual({
      totalCount: 1,
      edges: [
        {
          node: { key: 'domain:dns.example' },
          status: 'DISMISSED',
          services: [
            { service: 'CDN', claims: 1, critical: false },
            { service: 'DNS', claims: 2, critical: false },
          ],
        },
      ],
    });

    const list = `query ($id: ID!) { node(id: $id) { ... on Organization {
      dependencies(dismissed: true) { edges { ${DEPENDENCY} } } } } }`;
    const [edge] = (await customers.data('acme', list, { id: provisional('a.example') })).node.dependencies.edges;
    expect(await dependency(edge.id)).toEqual(edge);

    // What is seen later is dismissed too.
    await writeFacts(customers.driver, [sight('page-crawler', 'a.example', 'DNS', 'dns.example', day(2))]);
    expect((await dependencies('a.example')).totalCount).toBe(0);
    await withdraw([made.id, other.dismissDependency.id]);
    expect(statuses(await dependencies('a.example'))).toEqual(['domain:dns.example STATED']);
    expect((await dependencies('a.example', true)).totalCount).toBe(0);
    expect(await dependency(edge.id)).toMatchObject({ status: 'STATED' });
  });

  it('has the last word also against what an analyst said before', async () => {
    const asked = use(organization('partner:shop'), 'CDN', organization('partner:cdn'));
    const of = async (dismissed: boolean) =>
      statuses((await customers.data('acme', DEPENDENCIES, { id: asked.subject, dismissed })).node.dependencies);
    const { confirmDependency: confirmed } = await customers.data(ANALYST, CONFIRM, asked);
    await customers.data(ANALYST, DISMISS, asked);
    expect([await of(false), await of(true)]).toEqual([[], ['partner:cdn DISMISSED']]);
    const { node } = await customers.data(
      ANALYST,
      `query ($id: ID!) { node(id: $id) { ...on Decision { ${DECISION} } } }`,
      {
        id: confirmed.id,
      },
    );
    expect(node.withdrawal).toMatchObject({ author: 'somebody at acme', reason: 'I asked them' });
    await customers.data(ANALYST, CONFIRM, asked);
    expect([await of(false), await of(true)]).toEqual([['partner:cdn CONFIRMED'], []]);
  });

  it('merges two organizations, a provisional one with another, and two provisional ones; and parts them again', async () => {
    const merged = async (a: string, b: string) =>
      (await customers.data(ANALYST, MERGE, { a: organization(a), b: organization(b), reason: 'one company' }))
        .mergeOrganizations;
    const standing = async (key: string) =>
      (await customers.data('acme', ORGANIZATION, { key })).organization?.key as string | undefined;

    const named = await merged('partner:mail 2', 'partner:mail');
    expect(named.organization.key).toBe('partner:mail');
    expect(named.decisions).toMatchObject([
      { kind: 'MERGED', service: null, author: 'somebody at acme', reason: 'one company', withdrawal: null },
    ]);
    expect(statuses(await dependencies('e.example'))).toEqual(['partner:mail STATED']);

    const mixed = await merged('domain:f.example', 'partner:shop');
    expect(mixed.organization.key).toBe('partner:shop');
    expect(mixed.decisions).toMatchObject([{ kind: 'OWNED', subject: { name: 'f.example' } }]);

    const domains = await merged('domain:d.example', 'domain:g.example');
    expect(domains.organization).toEqual({ key: 'analyst:d.example', name: 'd.example' });
    expect(domains.decisions.map((d: any) => d.kind).sort()).toEqual(['MERGED', 'OWNED', 'OWNED']);
    expect([await standing('domain:d.example'), await standing('domain:g.example')]).toEqual([
      'analyst:d.example',
      'analyst:d.example',
    ]);

    await withdraw([named, mixed, domains].flatMap(({ decisions }) => decisions.map((d: any) => d.id)));
    const keys = ['partner:mail 2', 'domain:f.example', 'domain:d.example', 'domain:g.example'];
    expect(await Promise.all(keys.map(standing))).toEqual(keys);
    // One merge is made again, for the replay to keep.
    await merged('domain:d.example', 'domain:g.example');
  });

  it('dismisses a claim on an organization that was merged, by the ids that the claim tells', async () => {
    const merge = { a: organization('partner:mail'), b: organization('partner:mail 2'), reason: 'one company' };
    const { mergeOrganizations } = await customers.data(ANALYST, MERGE, merge);
    const claims =
      'query ($name: String!) { domain(name: $name) { uses { nodes { subjectId objectId object { id } } } } }';
    const [claim] = (await customers.data('acme', claims, { name: 'e.example' })).domain.uses.nodes;
    expect(claim).toEqual({
      subjectId: domain('e.example'),
      objectId: organization('partner:mail 2'),
      object: { id: organization('partner:mail') },
    });
    const shown = use(claim.subjectId, 'MAIL', claim.object.id);
    expect((await customers.ask(ANALYST, DISMISS, shown)).codes).toEqual(['NOT_FOUND']);
    const { dismissDependency: made } = await customers.data(ANALYST, DISMISS, { ...shown, object: claim.objectId });
    expect(statuses(await dependencies('e.example', true))).toEqual(['partner:mail DISMISSED']);
    await withdraw([made.id, ...mergeOrganizations.decisions.map((d: any) => d.id)]);
    expect(statuses(await dependencies('e.example'))).toEqual(['partner:mail 2 STATED']);
  });

  it('reads what was decided, the newest first, a page at a time', async () => {
    const page = `query ($first: Int, $after: String) { decisions(first: $first, after: $after) {
      nodes { ${DECISION} } pageInfo { hasNextPage endCursor } } }`;
    const all = (await customers.data(ANALYST, page, { first: 100 })).decisions.nodes;
    const times = all.map((d: any) => Date.parse(d.decidedAt));
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(all.length).toBeGreaterThanOrEqual(11);
    expect(new Set(all.map((d: any) => d.kind))).toEqual(new Set(['CONFIRMED', 'DISMISSED', 'MERGED', 'OWNED']));
    expect(all.every((d: any) => d.author === 'somebody at acme' && d.reason !== '')).toBe(true);
    const found: unknown[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const { nodes, pageInfo }: any = (await customers.data(ANALYST, page, { first: 2, after })).decisions;
      found.push(...nodes);
      [after, more] = [pageInfo.endCursor, pageInfo.hasNextPage];
    }
    expect(found).toEqual(all);
    for (const { id } of all) {
      const asked = `query ($id: ID!) { node(id: $id) { id } }`;
      expect((await customers.data(ANALYST, asked, { id })).node.id).toBe(id);
      expect((await customers.data('acme customer', asked, { id })).node).toBeNull();
    }
  });
});

describe('what is refused', () => {
  const good = use(domain('b.example'), 'DNS', domain('dns.example'));

  it.each(['acme customer', 'acme operator'])('is every correction by %s', async (who) => {
    const ids = [(await customers.data(ANALYST, DISMISS, good)).dismissDependency.id];
    const merge = { a: organization('partner:mail'), b: organization('partner:cdn'), reason: 'x' };
    for (const [query, variables] of [
      [CONFIRM, good],
      [DISMISS, good],
      [MERGE, merge],
      [WITHDRAW, { ids, reason: 'x' }],
      ['{ decisions { nodes { id } } }', {}],
    ] as const) {
      expect((await customers.ask(who, query, variables)).codes, query).toEqual(['FORBIDDEN']);
    }
    await withdraw(ids);
  });

  it('is what names nothing that there is', async () => {
    const codes = async (query: string, variables: Record<string, unknown>) =>
      (await customers.ask(ANALYST, query, variables)).codes;
    for (const query of [CONFIRM, DISMISS]) {
      expect(await codes(query, { ...good, subject: 'no id' })).toEqual(['BAD_ID']);
      expect(await codes(query, { ...good, object: idOfIncident('hibp:x') })).toEqual(['BAD_ID']);
      expect(await codes(query, { ...good, subject: domain('unknown.example') })).toEqual(['NOT_FOUND']);
      expect(await codes(query, { ...good, object: organization('partner:unknown') })).toEqual(['NOT_FOUND']);
      expect(await codes(query, { ...good, object: good.subject })).toEqual(['BAD_ARGUMENT']);
      expect(await codes(query, { ...good, reason: '  ' })).toEqual(['BAD_ARGUMENT']);
      expect(await codes(query, { ...good, reason: 'x'.repeat(1001) })).toEqual(['BAD_ARGUMENT']);
    }
    expect(await codes(DISMISS, { ...good, service: 'VIDEO' })).toEqual(['NOT_FOUND']);
    const mail = organization('partner:mail');
    expect(await codes(MERGE, { a: mail, b: domain('b.example'), reason: 'x' })).toEqual(['BAD_ID']);
    expect(await codes(MERGE, { a: mail, b: mail, reason: 'x' })).toEqual(['BAD_ARGUMENT']);
    expect(await codes(MERGE, { a: mail, b: organization('partner:unknown'), reason: 'x' })).toEqual(['NOT_FOUND']);
  });

  it('is to withdraw what was not decided, or is withdrawn; and then nothing is', async () => {
    const { dismissDependency: made } = await customers.data(ANALYST, DISMISS, good);
    const { dismissDependency: gone } = await customers.data(
      ANALYST,
      DISMISS,
      use(domain('a.example'), 'CDN', domain('dns.example')),
    );
    await withdraw([gone.id]);
    const ask = async (ids: readonly string[]) => (await customers.ask(ANALYST, WITHDRAW, { ids, reason: 'x' })).codes;
    expect(await ask([made.id, gone.id])).toEqual(['NOT_FOUND']);
    const never = Buffer.from(JSON.stringify(['x', 'DISMISSED', 'VIDEO', 'd', 'b.example', 'd', 'dns.example']));
    expect(await ask([made.id, never.toString('base64url')])).toEqual(['NOT_FOUND']);
    expect(await ask([made.id, domain('b.example')])).toEqual(['BAD_ID']);
    expect(await ask([])).toEqual(['BAD_ARGUMENT']);
    expect((await dependencies('b.example')).totalCount).toBe(0);
    await withdraw([made.id]);
    expect((await dependencies('b.example')).totalCount).toBe(1);
  });
});

describe('what was decided', () => {
  it('is seen by the exposure index as it happens', async () => {
    const { driver, kafka, producer } = customers;
    const relay = createChangeRelay(createOutbox(driver), producer, pino({ level: 'silent' }));
    const keeping = startKeeping({ driver, kafka, sources: declaredSources });
    const database = createNeo4jQueries({ driver, sources: declaredSources });
    const keys = ['domain:b.example', 'domain:c.example', 'partner:shop'];
    const seen = async (): Promise<string[]> => {
      await relay.drain(new AbortController().signal);
      await untilReached(customers, () => keeping.current()?.version);
      const page = { first: 10, at: Date.now() };
      const index = keeping.current()?.index.queries();
      const found = await index?.dependenciesOf(keys, {}, page);
      expect(found).toEqual(await database.dependenciesOf(keys, {}, page));
      return [...(found ?? [])].flatMap(([key, { edges }]) =>
        edges.map(({ node }) => `${key} ${node.vendor.key} ${node.status}`),
      );
    };
    try {
      const listed = 'domain:b.example domain:dns.example OBSERVED';
      expect(await seen()).toContain(listed);
      const asked = use(domain('b.example'), 'DNS', domain('dns.example'));
      const { dismissDependency: made } = await customers.data(ANALYST, DISMISS, asked);
      expect(await seen()).not.toContain(listed);
      await withdraw([made.id]);
      expect(await seen()).toContain(listed);
      await customers.data(ANALYST, CONFIRM, asked);
      expect(await seen()).toContain('domain:b.example domain:dns.example CONFIRMED');
      await customers.data(ANALYST, DISMISS, asked);
      expect((await seen()).filter((text) => text.startsWith('domain:b.example'))).toEqual([]);
    } finally {
      await keeping.stop();
    }
  });

  it('survives a replay into a fresh database: the hash is the same', async () => {
    const { kafka, driver } = customers;
    const all = `{ decisions(first: 100) { nodes { ${DECISION} } } }`;
    const [hash, kept] = [await graphHash(driver), await customers.data(ANALYST, all)];
    const kinds = kept.decisions.nodes.map((d: any) => `${d.kind} ${d.withdrawal === null}`);
    expect(new Set(kinds)).toEqual(
      new Set(['CONFIRMED', 'DISMISSED', 'MERGED', 'OWNED'].flatMap((kind) => [`${kind} true`, `${kind} false`])),
    );
    expect((await checkGraph(driver, rankOf)).problems).toEqual([]);
    await customers.stop();
    await freshDatabase(driver);
    const knowledge = { sources: declaredSources, detector: createDetector([], []) };
    await replay({ kafka, driver, knowledge, logger: pino({ level: 'silent' }) });
    // The claims that were corrected came on no topic here.
    const [site, late] = [FACTS, sight('page-crawler', 'a.example', 'DNS', 'dns.example', day(2))];
    await writeFacts(driver, [...site, late]);
    expect(await graphHash(driver)).toBe(hash);
    expect((await checkGraph(driver, rankOf)).problems).toEqual([]);
    expect(await customers.data(ANALYST, all)).toEqual(kept);
    expect((await dependencies('b.example')).totalCount).toBe(0);
  });

  it('is not in force where all that analysts had decided was withdrawn', async () => {
    const all = `{ decisions(first: 100) { nodes { ${DECISION} } } }`;
    const read = async () => (await customers.data(ANALYST, all)).decisions.nodes;
    expect((await read()).filter(({ inForce, withdrawal }: any) => inForce !== (withdrawal === null))).toEqual([]);
    const before = Date.now() + 60_000;
    const by = { author: 'somebody at acme', reason: 'looked again' };
    await writeFacts(customers.driver, [
      { type: 'withdraw-source', source: 'analyst', before, reason: 'a bad week' },
      dismiss('analyst', 'd.example', 'MAIL', 'partner:mail', before, by),
    ]);
    const found = await read();
    expect(found.filter(({ inForce }: any) => inForce)).toMatchObject([{ reason: 'looked again' }]);
    for (const { id, inForce } of found) {
      const asked = 'query ($id: ID!) { node(id: $id) { ... on Decision { inForce } } }';
      expect((await customers.data(ANALYST, asked, { id })).node).toEqual({ inForce });
    }
  });
});

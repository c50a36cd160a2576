import { readdirSync } from 'node:fs';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idOfOrganization } from '../../src/api/ids.ts';
import type { GraphAction } from '../../src/graph/actions.ts';
import type { Driver } from '../../src/graph/driver.ts';
import { freshDatabase, testDriver } from '../support/database.ts';
import { day, same } from '../support/facts.ts';
import {
  BlastRadiusDocument,
  ConcentrationDocument,
  CriticalVendorsDocument,
  DecisionsDocument,
  DomainDocument,
  EvidenceDocument,
  FourthPartiesDocument,
  IncidentsDocument,
  MergeCandidatesDocument,
  MostUsedVendorsDocument,
  PathsDocument,
  SearchDocument,
  SourcesDocument,
  VendorsDocument,
} from '../support/generated/graphql-client.ts';
import { startApi, type TestApi } from './api-client.ts';
import { loadRealFacts, writeActions } from './api-facts.ts';

const folder = new URL('../../graphql/examples/', import.meta.url);

let driver: Driver;
let api: TestApi;
/** The document as the typed client has it, which has to be the file's own. */
const run = <Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  ...variables: Record<string, never> extends Variables ? [Variables?] : [Variables]
): Promise<Data> => api.run(document, variables[0] ?? ({} as Variables));

const tried = new Set<string>();
const tries = (name: string, behaviour: string, test: () => Promise<void>) => {
  tried.add(`${name}.graphql`);
  it(`${name} ${behaviour}`, test);
};

beforeAll(async () => {
  driver = testDriver();
  await freshDatabase(driver);
  expect(await loadRealFacts(driver)).toBeGreaterThan(200);
  api = await startApi(driver);
});
afterAll(async () => {
  await api.close();
  await driver.close();
});

describe('the example', () => {
  tries('vendors', 'lists the vendors of a domain’s owner', async () => {
    const { organization } = await run(VendorsDocument, { domain: 'tmall.com' });
    expect(organization!.name).toBe('tmall.com');
    const keys = organization!.dependencies.edges.map((d) => d.node.key).sort();
    expect(keys).toEqual(['akamai', 'alibaba', 'globalsignnv-sa', 'taobao'].map((k) => `imc2020:${k}`));
    expect(organization!.dependencies.totalCount).toBe(4);
    const alibaba = organization!.dependencies.edges.find((d) => d.node.name === 'alibaba');
    expect(alibaba).toMatchObject({ critical: true, status: 'STATED', stale: true });
    expect(Date.parse(organization!.dependencies.freshness.asOf)).toBeGreaterThan(Date.now() - 60_000);
  });

  tries('critical-vendors', 'lists those that a domain cannot do without, as of a day', async () => {
    const variables = { domain: 'tmall.com', service: 'DNS' as const, asOf: '2020-06-01T00:00:00Z' };
    const { organization } = await run(CriticalVendorsDocument, variables);
    expect(organization!.dependencies.edges.map((d) => d.node.name)).toEqual(['alibaba', 'taobao']);
    const dns = { service: 'DNS', critical: true, confidence: 0.8, claims: 1 };
    expect(organization!.dependencies.edges[1]!.services).toEqual([dns]);
    const before = await run(CriticalVendorsDocument, { ...variables, asOf: '2019-06-01T00:00:00Z' });
    expect(before.organization!.dependencies.totalCount).toBe(0);
  });

  tries('fourth-parties', 'finds the vendors of vendors', async () => {
    const { organization } = await run(FourthPartiesDocument, { domain: 'tmall.com' });
    expect(organization!.nthParties.truncated).toBe(false);
    expect(organization!.nthParties.nodes.every((n) => n.distance >= 2 && n.distance <= 3)).toBe(true);
  });

  tries('blast-radius', 'counts who is hit by distance', async () => {
    const { organization } = await run(BlastRadiusDocument, {
      key: 'imc2020:dnsmadeeasy',
      service: 'DNS',
      criticalOnly: true,
    });
    const { total, byDistance, organizations } = organization!.blastRadius;
    expect(byDistance[0]!.distance).toBe(1);
    expect(total).toBe(byDistance.reduce((sum: number, d: any) => sum + d.organizations, 0));
    expect(organizations.nodes.map((n) => n.node.name)).toContain('digicertinc');
  });

  tries('paths', 'shows by which hops', async () => {
    const to = idOfOrganization('imc2020:dnsmadeeasy');
    const hit = await run(BlastRadiusDocument, { key: 'imc2020:dnsmadeeasy', service: 'DNS' });
    const far = hit.organization!.blastRadius.organizations.nodes.find((n) => n.distance === 2);
    const { organization }: { organization: any } = await api.data(
      'query ($d: String!) { organization(domain: $d) { id } }',
      {
        d: far!.node.name,
      },
    );
    const { exposurePaths } = await run(PathsDocument, { from: organization!.id, to, service: 'DNS' });
    expect(exposurePaths.nodes[0]!.length).toBe(2);
    expect(exposurePaths.nodes[0]!.steps.map((s) => s.vendor.name)).toEqual(['digicertinc', 'dnsmadeeasy']);
  });

  tries('concentration', 'ranks vendors by their dependents', async () => {
    const { concentrationRisk } = await run(ConcentrationDocument, { service: 'CERTIFICATE_AUTHORITY' });
    const [top] = concentrationRisk.nodes;
    expect(top!.vendor.key).toBe('imc2020:digicertinc');
    expect(top!.reach).toBeGreaterThanOrEqual(top!.direct);
    expect(top!.share).toBeCloseTo(top!.direct / concentrationRisk.dependentTotal);
    const scoped = await run(ConcentrationDocument, { scope: { domains: ['tmall.com'] } });
    expect(scoped.concentrationRisk.dependentTotal).toBe(1);
    const nobody = await run(ConcentrationDocument, { scope: { organizations: [] } });
    expect(nobody.concentrationRisk).toMatchObject({ dependentTotal: 0, nodes: [] });
  });

  tries('evidence', 'names documents, records and hosts', async () => {
    const { organization } = await run(VendorsDocument, { domain: 'sciencedirect.com' });
    const [dependency] = organization!.dependencies.edges;
    const { node } = await run(EvidenceDocument, { dependency: dependency!.id });
    expect(node!.vendor.name).toBe(dependency!.node.name);
    const [claim] = node!.claims.nodes;
    expect(claim!.subject.name).toBe('sciencedirect.com');
    expect(claim!.evidence.nodes[0]!.document).toMatch(/^[0-9a-f]{64}$/);
    expect(claim!.evidence.nodes[0]!.host).toContain('.');
  });

  tries('domain', 'tells who looked at a domain and what is claimed of it', async () => {
    const { domain } = await run(DomainDocument, { name: 'WWW.ScienceDirect.com.' });
    expect(domain).toMatchObject({
      name: 'sciencedirect.com',
      owner: { key: 'domain:sciencedirect.com', provisional: true },
    });
    expect(domain!.observations).toMatchObject([{ source: { id: 'page-crawler' }, stream: 'page-loads' }]);
    expect(domain!.uses.nodes.length).toBeGreaterThan(0);
  });

  tries('incidents', 'lists the newest first, with those who depend on the affected', async () => {
    const { incidents } = await run(IncidentsDocument, { filter: { kind: 'BREACH' } });
    const times = incidents.nodes.map((i) => i.reportedAt);
    expect(times.length).toBeGreaterThan(1);
    expect(times).toEqual([...times].sort().reverse());
    expect(incidents.nodes.some((i) => i.affects.length > 0)).toBe(true);
  });

  tries('search', 'finds by a part of the name', async () => {
    const { search } = await run(SearchDocument, { text: 'tmall' });
    expect(search.nodes.map((n) => 'domain' in n && n.domain)).toContain('tmall.com');
    const incidents = await run(SearchDocument, { text: 'Northwind', types: ['INCIDENT'] });
    expect(incidents.search.nodes).toMatchObject([{ __typename: 'Incident', title: 'Northwind Parcels' }]);
  });

  tries('most-used-vendors', 'lists those with the most dependents', async () => {
    const { vendors } = await run(MostUsedVendorsDocument, { filter: { service: 'DNS' }, first: 3 });
    expect(vendors.nodes).toHaveLength(3);
    expect(vendors.totalCount).toBeGreaterThan(3);
    expect(vendors.nodes[0]!.dependents).toBeGreaterThanOrEqual(vendors.nodes[1]!.dependents);
  });

  tries('sources', 'tells how fresh each source is', async () => {
    const { sources, totals } = await run(SourcesDocument);
    expect(totals.claims).toBeGreaterThan(100);
    expect(sources.find((s) => s.id === 'page-crawler')).toMatchObject({
      kind: 'SIGHTING',
      freshDays: 30,
      promiseHours: 24,
    });
    expect(sources.find((s) => s.id === 'zdns')).toMatchObject({ newestEvent: null, promiseKept: null });
  });

  tries('merge-candidates', 'shows aliases and proposals', async () => {
    const { organization } = await run(MergeCandidatesDocument, { key: 'imc2020:alibaba' });
    expect(organization).toMatchObject({ key: 'imc2020:alibaba', aliases: [], mergeCandidates: [] });
  });

  tries('decisions', 'lists what analysts have decided, and why', async () => {
    const why = { author: 'ann', reason: 'one company' };
    const merge: GraphAction = { ...same('analyst', 'imc2020:taobao', 'imc2020:tmall', day(1)), ...why };
    await writeActions(driver, [merge], 'decided');
    const { decisions } = await run(DecisionsDocument);
    expect(decisions.nodes).toMatchObject([
      { kind: 'MERGED', service: null, ...why, withdrawal: null, object: { id: idOfOrganization('imc2020:taobao') } },
    ]);
  });

  it('folder holds no document that is not tried here', () => {
    expect(readdirSync(folder).sort()).toEqual([...tried].sort());
  });
});

import type { Reference, ReportIncident } from './actions.ts';
import type { Batch } from './batch.ts';
import { type ClaimState, NO_CLAIM } from './claim-state.ts';
import type { Driver, ManagedTransaction } from './driver.ts';
import { type ClaimKey, type Entity, identify, identifyClaim, type SourceEntity } from './fold.ts';
import { inSession } from './offsets.ts';
import { claimState, decodeEvidence, domainState, organizationState, sightingsName } from './properties.ts';
import type { KnownDomain } from './repeats.ts';
import { run } from './statement.ts';
import { graphId } from './statements/offset.ts';
import { type HeldClaim, holdDomains, holdIncidents, holdOrganizations, recallDomains } from './statements/write.ts';
import { readPortfolios } from './stored-portfolios.ts';

/** What the database holds of the things that a batch speaks of, all of it locked. */
export interface Stored {
  /** By identity. */
  readonly entities: ReadonlyMap<string, Entity>;
  /** Element ids of the claims that exist, by identity. */
  readonly claimIds: ReadonlyMap<string, string>;
  /** The properties of domains, by name. */
  readonly domains: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

/** Makes the missing nodes, takes the locks, and reads the states. `sources` are known: they were changed before. */
export async function readStored(
  tx: ManagedTransaction,
  batch: Batch,
  sources: readonly SourceEntity[],
): Promise<Stored> {
  const entities = new Map<string, Entity>(sources.map((source) => [identify(source), source]));
  const claimIds = new Map<string, string>();
  const domains = new Map<string, Readonly<Record<string, unknown>>>();
  const keep = (entity: Entity): unknown => entities.set(identify(entity), entity);

  for (const node of batch.domains.length === 0 ? [] : await run(tx, holdDomains, { rows: batch.domains })) {
    const state = domainState(node.properties, { vendor: node.isVendor, isPublic: node.isPublic });
    keep({ entity: 'domain', name: node.id, state });
    keepClaims({ kind: 'domain', name: node.id }, node.claims, entities, claimIds);
    domains.set(node.id, node.properties);
  }
  const organizations =
    batch.organizations.length === 0 ? [] : await run(tx, holdOrganizations, { rows: batch.organizations });
  for (const node of organizations) {
    const state = organizationState(node.properties, { vendor: node.isVendor, isPublic: node.isPublic });
    keep({ entity: 'organization', key: node.id, state });
    keepClaims({ kind: 'organization', key: node.id }, node.claims, entities, claimIds);
  }
  await keepIncidents(tx, batch.incidents, keep);
  for (const entity of await readPortfolios(tx, batch)) {
    keep(entity);
  }
  return { entities, claimIds, domains };
}

/** What the sources sighted of domains, without locks, and of which database that is; undefined where none was set up. */
export function readSighted(driver: Driver, names: readonly string[], sources: readonly string[]) {
  return inSession(driver, 'READ', async (tx) => {
    const wanted = { names, sightings: sources.map(sightingsName) };
    const [held, rows] = await Promise.all([run(tx, graphId, {}), run(tx, recallDomains, wanted)]);
    const domains = (rows[0]?.domains ?? []).map(([name, sightings, days]): KnownDomain => {
      return { name, days, sightings: sources.map((source, i) => [source, sightings[i]]) };
    });
    return { graph: held[0]?.graph, domains };
  });
}

function keepClaims(
  subject: Reference,
  claims: readonly HeldClaim[],
  entities: Map<string, Entity>,
  claimIds: Map<string, string>,
): void {
  for (const claim of claims) {
    const [elementId, kind, isDomain, object, source, service, , , , , all] = claim;
    const whose = typeof all?.tenant === 'string' ? { tenant: all.tenant } : {};
    const ends = { subject, object: reference(isDomain, object) };
    const key: ClaimKey = { kind, source, service: service ?? undefined, ...ends, ...whose };
    const id = identifyClaim(key);
    claimIds.set(id, elementId);
    entities.set(id, { entity: 'claim', key, state: heldState(claim) });
  }
}

function heldState([, , , , , , firstSeen, lastSeen, sightedConfidence, evidence, all]: HeldClaim): ClaimState {
  if (all !== null) {
    return claimState(all);
  }
  return {
    ...NO_CLAIM,
    firstSeen: firstSeen ?? undefined,
    lastSeen: lastSeen ?? undefined,
    sightedConfidence: sightedConfidence ?? undefined,
    evidence: (evidence ?? []).map(decodeEvidence),
  };
}

const reference = (isDomain: boolean, id: string): Reference =>
  isDomain ? { kind: 'domain', name: id } : { kind: 'organization', key: id };

/** Of an incident only the version matters: a newer one replaces it whole. */
async function keepIncidents(
  tx: ManagedTransaction,
  keys: readonly string[],
  keep: (entity: Entity) => unknown,
): Promise<void> {
  if (keys.length === 0) {
    return;
  }
  for (const { key, time, event } of await run(tx, holdIncidents, { keys })) {
    if (time !== null && event !== null) {
      keep({ entity: 'incident', key, state: { time, event } as ReportIncident });
    }
  }
}

import type { Reference, ReportIncident } from './actions.ts';
import type { Batch } from './batch.ts';
import type { ManagedTransaction } from './driver.ts';
import { type ClaimKey, type Entity, identify, identifyClaim } from './fold.ts';
import { claimState, domainState, organizationState } from './properties.ts';
import { run } from './statement.ts';
import {
  type ClaimsOf,
  type HeldNode,
  holdDomains,
  holdIncidents,
  holdOrganizations,
  readDomainClaims,
  readOrganizationClaims,
} from './statements/write.ts';
import { readPortfolios } from './stored-portfolios.ts';

/** What the database holds of the things that a batch speaks of, all of it locked. */
export interface Stored {
  /** By identity. */
  readonly entities: ReadonlyMap<string, Entity>;
  /** Element ids of the claims that exist, by identity. */
  readonly claimIds: ReadonlyMap<string, string>;
}

/** Makes the missing nodes, takes the locks, and reads the states. */
export async function readStored(tx: ManagedTransaction, batch: Batch): Promise<Stored> {
  const entities = new Map<string, Entity>();
  const claimIds = new Map<string, string>();
  const keep = (entity: Entity): unknown => entities.set(identify(entity), entity);

  const domains = batch.domains.length === 0 ? [] : await run(tx, holdDomains, { ids: batch.domains });
  const organizations =
    batch.organizations.length === 0 ? [] : await run(tx, holdOrganizations, { ids: batch.organizations });
  for (const { id, isVendor, properties } of existing(domains)) {
    keep({ entity: 'domain', name: id, state: domainState(properties, isVendor) });
  }
  for (const { id, isVendor, properties } of existing(organizations)) {
    keep({ entity: 'organization', key: id, state: organizationState(properties, isVendor) });
  }
  const claimsOfDomains = toRead(domains, batch.claimedDomains);
  const claimsOfOrganizations = toRead(organizations, batch.claimedOrganizations);
  const rows = [
    ...(claimsOfDomains.length === 0 ? [] : await run(tx, readDomainClaims, { rows: claimsOfDomains })).map(
      (row) => ['domain', row] as const,
    ),
    ...(claimsOfOrganizations.length === 0
      ? []
      : await run(tx, readOrganizationClaims, { rows: claimsOfOrganizations })
    ).map((row) => ['organization', row] as const),
  ];
  for (const [kind, row] of rows) {
    keepClaims(kind, row, entities, claimIds);
  }
  await keepIncidents(tx, batch.incidents, keep);
  for (const entity of await readPortfolios(tx, batch)) {
    keep(entity);
  }
  return { entities, claimIds };
}

/** A node that this transaction has made says nothing yet and has no claims. */
const existing = (nodes: readonly HeldNode[]): HeldNode[] => nodes.filter((node) => !node.isNew);

function toRead(nodes: readonly HeldNode[], claimed: ReadonlyMap<string, ReadonlySet<string>>) {
  return existing(nodes).flatMap(({ id }) => {
    const sources = claimed.get(id);
    return sources === undefined ? [] : [{ id, sources: [...sources] }];
  });
}

function keepClaims(
  subjectKind: Reference['kind'],
  row: ClaimsOf,
  entities: Map<string, Entity>,
  claimIds: Map<string, string>,
): void {
  const subject = reference(subjectKind === 'domain', row.id);
  for (const [elementId, kind, isDomain, objectId, properties] of row.claims) {
    const { source, service } = properties as { source: string; service?: ClaimKey['service'] };
    const key: ClaimKey = { kind, source, subject, service, object: reference(isDomain, objectId) };
    const id = identifyClaim(key);
    claimIds.set(id, elementId);
    entities.set(id, { entity: 'claim', key, state: claimState(properties) });
  }
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

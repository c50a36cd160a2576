import { claimShape, endId, isClaim, isIncident } from './batch.ts';
import { integer, integerOrNull, type ManagedTransaction } from './driver.ts';
import { type ClaimEntity, type Entity, type IncidentEntity, identify } from './fold.ts';
import { type ClaimValues, claimValues, domainProperties, organizationProperties } from './properties.ts';
import { run } from './statement.ts';
import {
  type CreateClaims,
  createClaims,
  replaceIncidents,
  updateClaims,
  updateDomains,
  updateOrganizations,
} from './statements/write.ts';
import type { Stored } from './stored.ts';
import { writePortfolios } from './stored-portfolios.ts';

/** Writes the new states of what a batch has changed: nodes first, then claims, incidents and portfolios. */
export async function writeDirty(tx: ManagedTransaction, dirty: readonly Entity[], stored: Stored): Promise<void> {
  const domains = dirty.flatMap((e) =>
    e.entity === 'domain' ? [{ id: e.name, properties: domainProperties(e.state) }] : [],
  );
  const organizations = dirty.flatMap((e) =>
    e.entity === 'organization' ? [{ id: e.key, properties: organizationProperties(e.state) }] : [],
  );
  if (domains.length > 0) {
    await run(tx, updateDomains, { rows: domains });
  }
  if (organizations.length > 0) {
    await run(tx, updateOrganizations, { rows: organizations });
  }
  await writeClaims(tx, dirty.filter(isClaim), stored);
  await writeIncidents(tx, dirty.filter(isIncident));
  await writePortfolios(tx, dirty);
}

async function writeClaims(tx: ManagedTransaction, claims: readonly ClaimEntity[], stored: Stored): Promise<void> {
  const updated: ClaimValues[] = [];
  const created = new Map<string, ClaimEntity[]>();
  for (const claim of claims) {
    const id = stored.claimIds.get(identify(claim));
    if (id !== undefined) {
      updated.push(claimValues(id, claim.key, claim.state));
    } else {
      append(created, claimShape(claim), claim);
    }
  }
  if (updated.length > 0) {
    await run(tx, updateClaims, { rows: updated });
  }
  for (const [shape, same] of created) {
    const create = createClaims[shape];
    if (create === undefined) {
      throw new TypeError(`No statement creates a claim of the shape ${shape}.`);
    }
    await run(tx, create, { rows: groupBySubject(same) });
  }
}

/** Rows of one subject are sent together, so that it is looked up once. */
function groupBySubject(claims: readonly ClaimEntity[]): CreateClaims['rows'] {
  const bySubject = new Map<string, ClaimValues[]>();
  for (const { key, state } of claims) {
    append(bySubject, endId(key.subject), claimValues(endId(key.object), key, state));
  }
  return [...bySubject];
}

function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) {
    lists.set(key, [item]);
  } else {
    list.push(item);
  }
}

async function writeIncidents(tx: ManagedTransaction, incidents: readonly IncidentEntity[]): Promise<void> {
  if (incidents.length === 0) {
    return;
  }
  await run(tx, replaceIncidents, {
    rows: incidents.map(({ key, state }) => ({
      key,
      properties: incidentProperties(key, state),
      domains: state.affects.flatMap((end) => (end.kind === 'domain' ? [end.name] : [])),
      organizations: state.affects.flatMap((end) => (end.kind === 'organization' ? [end.key] : [])),
    })),
  });
}

function incidentProperties(key: string, state: IncidentEntity['state']): Record<string, unknown> {
  return {
    key,
    source: state.source,
    id: state.id,
    time: integer(state.time),
    event: state.event,
    kind: state.kind,
    title: state.title,
    description: state.description,
    occurred: state.occurred,
    occurredPrecision: state.occurredPrecision,
    reportedAt: integer(state.reportedAt),
    affectedCount: integerOrNull(state.affectedCount),
    dataClasses: [...state.dataClasses],
    verified: state.verified,
    fabricated: state.fabricated,
    document: state.evidence.document,
    record: state.evidence.record,
  };
}

import type { Reference } from './actions.ts';
import { type Batch, claimShape, endId, isClaim, isIncident } from './batch.ts';
import { isAsserted } from './claim-state.ts';
import { integer, integerOrNull, type ManagedTransaction } from './driver.ts';
import { type ClaimEntity, type Entity, type IncidentEntity, identify, identifyEnd } from './fold.ts';
import { claimProperties, domainProperties, organizationProperties } from './properties.ts';
import { run } from './statement.ts';
import {
  type CreateClaims,
  createClaims,
  pointAtDomains,
  pointAtOrganizations,
  replaceIncidents,
  updateClaims,
  updateDomains,
  updateOrganizations,
} from './statements/write.ts';
import type { Stored } from './stored.ts';

/**
 * Writes the new states of what a batch has changed: nodes first, then claims, then incidents. `known` names nodes that
 * are certainly there and labelled, `affected` what incidents name. @returns the names of the vendors that are there now
 */
export async function writeDirty(
  tx: ManagedTransaction,
  dirty: readonly Entity[],
  { stored, known, affected }: Surroundings,
): Promise<string[]> {
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
  const pointed = await writePointedAt(tx, dirty.filter(isClaim), { known, affected });
  await writeClaims(tx, dirty.filter(isClaim), stored);
  await writeIncidents(tx, dirty.filter(isIncident));
  return pointed;
}

/** Names as `identifyEnd` makes them, of nodes that exist and bear the label of a vendor; they never lose either. */
export interface KnownNodes {
  has(name: string): boolean;
}

interface Surroundings extends Pick<Batch, 'affected'> {
  readonly stored: Stored;
  readonly known: KnownNodes;
}

async function writePointedAt(
  tx: ManagedTransaction,
  claims: readonly ClaimEntity[],
  { known, affected }: Omit<Surroundings, 'stored'>,
): Promise<string[]> {
  const vendors = new Map<string, Reference>();
  const others = new Map(affected.map((end) => [identifyEnd(end), end]));
  for (const { key, state } of claims) {
    const name = identifyEnd(key.object);
    if (!known.has(name)) {
      (key.kind === 'USES' && isAsserted(state) ? vendors : others).set(name, key.object);
    }
  }
  const rows = (kind: Reference['kind']) =>
    [...vendors.keys(), ...[...others.keys()].filter((name) => !vendors.has(name))]
      .filter((name) => (vendors.get(name) ?? others.get(name))?.kind === kind)
      .sort()
      .map((name) => ({ id: name.slice(2), vendor: vendors.has(name) }));
  const [domains, organizations] = [rows('domain'), rows('organization')];
  if (domains.length > 0) {
    await run(tx, pointAtDomains, { rows: domains });
  }
  if (organizations.length > 0) {
    await run(tx, pointAtOrganizations, { rows: organizations });
  }
  return [...vendors.keys()];
}

async function writeClaims(tx: ManagedTransaction, claims: readonly ClaimEntity[], stored: Stored): Promise<void> {
  const updated: { id: string; properties: Record<string, unknown> }[] = [];
  const created = new Map<string, ClaimEntity[]>();
  for (const claim of claims) {
    const id = stored.claimIds.get(identify(claim));
    if (id !== undefined) {
      updated.push({ id, properties: claimProperties(claim.key, claim.state) });
    } else {
      const shape = claimShape(claim);
      const same = created.get(shape);
      if (same === undefined) {
        created.set(shape, [claim]);
      } else {
        same.push(claim);
      }
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
    await run(tx, create, groupBySubject(same));
  }
}

/** Rows of one subject are sent together, so that it is looked up once. */
function groupBySubject(claims: readonly ClaimEntity[]): CreateClaims {
  const bySubject = new Map<string, { object: string; properties: Record<string, unknown> }[]>();
  for (const { key, state } of claims) {
    const subject = endId(key.subject);
    const row = { object: endId(key.object), properties: claimProperties(key, state) };
    const rows = bySubject.get(subject);
    if (rows === undefined) {
      bySubject.set(subject, [row]);
    } else {
      rows.push(row);
    }
  }
  return { rows: [...bySubject].map(([subject, rows]) => ({ subject, claims: rows })) };
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

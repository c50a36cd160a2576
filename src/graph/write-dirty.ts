import { AppError } from '../errors.ts';
import { claimShape, endId, isClaim, isIncident } from './batch.ts';
import { integer, integerOrNull, type ManagedTransaction } from './driver.ts';
import { type ClaimEntity, type Entity, type IncidentEntity, identify } from './fold.ts';
import { type ClaimValues, claimValues, domainProperties, organizationProperties } from './properties.ts';
import { isOnlySighted, sightedRows } from './sighted-rows.ts';
import { run, type Statement } from './statement.ts';
import {
  type CreateClaims,
  createClaims,
  createSighted,
  replaceIncidents,
  updateClaims,
  updateDomains,
  updateOrganizations,
} from './statements/write.ts';
import type { Stored } from './stored.ts';
import { writePortfolios } from './stored-portfolios.ts';

/** What a domain keeps of its sightings: by source, and, by property, what of it is new. */
export interface KeptOfDomain {
  readonly sightings: readonly (readonly [source: string, value: unknown])[];
  readonly written: Readonly<Record<string, unknown>>;
}

/** Claims that one statement creates. */
const AT_ONCE = 1_000;

type Write = (tx: ManagedTransaction) => Promise<unknown>;

/**
 * Writes the new states of what a batch has changed: nodes first, then claims, incidents and portfolios. All statements
 * are sent at once; the server takes them in this order, and meanwhile the next ones are made ready.
 */
export async function writeDirty(
  tx: ManagedTransaction,
  dirty: readonly Entity[],
  kept: ReadonlyMap<string, KeptOfDomain>,
  stored: Stored,
): Promise<void> {
  const writes = [
    ...nodeWrites(dirty, kept),
    ...claimWrites(dirty.filter(isClaim), stored),
    ...incidentWrites(dirty.filter(isIncident)),
    (transaction: ManagedTransaction) => writePortfolios(transaction, dirty),
  ];
  await Promise.all(writes.map((write) => write(tx)));
}

function nodeWrites(dirty: readonly Entity[], kept: ReadonlyMap<string, KeptOfDomain>): Write[] {
  const domains = domainRows(dirty, kept);
  const organizations = dirty.flatMap((e) =>
    e.entity === 'organization' ? [{ id: e.key, properties: organizationProperties(e.state) }] : [],
  );
  return [
    ...(domains.length === 0 ? [] : [(tx: ManagedTransaction) => run(tx, updateDomains, { rows: domains })]),
    ...(organizations.length === 0
      ? []
      : [(tx: ManagedTransaction) => run(tx, updateOrganizations, { rows: organizations })]),
  ];
}

function domainRows(dirty: readonly Entity[], kept: ReadonlyMap<string, KeptOfDomain>) {
  const rows = new Map<string, Record<string, unknown>>();
  for (const e of dirty) if (e.entity === 'domain') rows.set(e.name, domainProperties(e.state));
  for (const [name, { written }] of kept) {
    if (Object.keys(written).length > 0) rows.set(name, { ...rows.get(name), ...written });
  }
  return [...rows].map(([id, properties]) => ({ id, properties }));
}

function claimWrites(claims: readonly ClaimEntity[], stored: Stored): Write[] {
  const updated: ClaimValues[] = [];
  const sighted = new Map<string, ClaimEntity[]>();
  const created = new Map<string, ClaimEntity[]>();
  for (const claim of claims) {
    const id = stored.claimIds.size === 0 ? undefined : stored.claimIds.get(identify(claim));
    if (id !== undefined) {
      updated.push(claimValues(id, claim.key, claim.state));
    } else {
      append(isOnlySighted(claim) ? sighted : created, claimShape(claim), claim);
    }
  }
  return [
    ...(updated.length === 0 ? [] : [(tx: ManagedTransaction) => run(tx, updateClaims, { rows: updated })]),
    ...creations(sighted, createSighted, sightedRows),
    ...creations(created, createClaims, (piece) => ({ rows: groupBySubject(piece) })),
  ];
}

/** `claims`: by shape, as the statements are. */
function creations<Params extends object>(
  claims: ReadonlyMap<string, readonly ClaimEntity[]>,
  statements: Readonly<Record<string, Statement<Params, { created: number }>>>,
  paramsOf: (piece: readonly ClaimEntity[]) => Params,
): Write[] {
  return [...claims].flatMap(([shape, same]): Write[] => {
    const create = statements[shape];
    if (create === undefined) {
      throw new TypeError(`No statement creates a claim of the shape ${shape}.`);
    }
    return inPieces(same).map(
      (piece) => (tx) => run(tx, create, paramsOf(piece)).then((rows) => requireAll(rows, piece.length)),
    );
  });
}

/** So that the server creates the first ones while the next are packed, a third as much work as creating them. */
function inPieces<T>(items: readonly T[]): T[][] {
  const pieces: T[][] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) pieces.push(items.slice(at, at + AT_ONCE));
  return pieces;
}

/** What is created points at nodes that were known to be there: where one is not, it would be lost without a word. */
function requireAll(rows: readonly { readonly created: number }[], wanted: number): void {
  if (rows[0]?.created === wanted) return;
  throw new AppError(
    'DATABASE_REPLACED',
    'Nodes are gone that this process has written: the database is an earlier state of itself; start again.',
  );
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

function incidentWrites(incidents: readonly IncidentEntity[]): Write[] {
  if (incidents.length === 0) {
    return [];
  }
  const rows = incidents.map(({ key, state }) => ({
    key,
    properties: incidentProperties(key, state),
    domains: state.affects.flatMap((end) => (end.kind === 'domain' ? [end.name] : [])),
    organizations: state.affects.flatMap((end) => (end.kind === 'organization' ? [end.key] : [])),
  }));
  const wanted = rows.reduce((sum, { domains, organizations }) => sum + domains.length + organizations.length, 0);
  return [(tx) => run(tx, replaceIncidents, { rows }).then((created) => requireAll(created, wanted))];
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

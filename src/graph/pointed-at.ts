import { LRUCache } from 'lru-cache';
import type { PointedAt } from './batch.ts';
import type { ManagedTransaction } from './driver.ts';
import { run } from './statement.ts';
import {
  pointAtDomains,
  pointAtDomainsPrivately,
  pointAtOrganizations,
  pointAtOrganizationsPrivately,
} from './statements/write.ts';

/** How many nodes a writer remembers as being there, in some 10 MB. */
const REMEMBERED = 2 ** 16;

/** Nodes that a writer knows to be in the graph: popular vendors need not be looked for again. */
export interface KnownNodes {
  /** Those that are not known to be there, not to everybody, or not as vendors, in the order of their names. */
  unknownOf(nodes: ReadonlyMap<string, PointedAt>): PointedAt[];
  /** Call after the commit: nodes never go, never become private again, and never lose the label of a vendor. */
  remember(nodes: readonly PointedAt[]): void;
  forget(): void;
}

export function createKnownNodes(): KnownNodes {
  /** By kind and id, as what the node is known: see `levelOf`. */
  const known = new LRUCache<string, number>({ max: REMEMBERED });
  const levelKnown = (node: PointedAt): number => known.get(nameOf(node)) ?? Number.NEGATIVE_INFINITY;
  return {
    unknownOf(nodes) {
      const unknown = [...nodes.values()].filter((node) => levelOf(node) > levelKnown(node));
      return unknown.sort((a, b) => (a.id < b.id ? -1 : 1));
    },
    remember(nodes) {
      for (const node of nodes) known.set(nameOf(node), Math.max(levelOf(node), levelKnown(node)));
    },
    forget: () => known.clear(),
  };
}

const nameOf = ({ kind, id }: PointedAt): string => `${kind} ${id}`;

/** Each is what the ones before are, and more. */
const levelOf = ({ vendor, isPublic }: PointedAt): number => (vendor ? 2 : isPublic ? 1 : 0);

/** Makes and labels what is missing. */
export async function pointAt(tx: ManagedTransaction, nodes: readonly PointedAt[]): Promise<void> {
  for (const [kind, isPublic, point] of WAYS) {
    const pointedAt = nodes.filter((node) => node.kind === kind && node.isPublic === isPublic);
    const rows = pointedAt.map(({ id, vendor }) => ({ id, vendor }));
    if (rows.length > 0) await run(tx, point, { rows });
  }
}

const WAYS = [
  ['domain', true, pointAtDomains],
  ['organization', true, pointAtOrganizations],
  ['domain', false, pointAtDomainsPrivately],
  ['organization', false, pointAtOrganizationsPrivately],
] as const;

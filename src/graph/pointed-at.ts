import type { PointedAt } from './batch.ts';
import type { ManagedTransaction } from './driver.ts';
import { createRecent } from './recent.ts';
import { run } from './statement.ts';
import { pointAtDomains, pointAtOrganizations } from './statements/write.ts';

/** How many nodes a writer remembers as being there. */
const REMEMBERED = 100_000;

/** Nodes that a writer knows to be in the graph: popular vendors need not be looked for again. */
export interface KnownNodes {
  /** Those that are not known to be there, or not to bear the label of a vendor, in the order of their names. */
  unknownOf(nodes: ReadonlyMap<string, PointedAt>): PointedAt[];
  /** Call after the commit: nodes never go, and never lose the label. */
  remember(nodes: readonly PointedAt[]): void;
  forget(): void;
}

export function createKnownNodes(): KnownNodes {
  /** By kind and id, whether the node is a vendor. */
  const known = createRecent<boolean>(REMEMBERED);
  const name = ({ kind, id }: PointedAt) => `${kind} ${id}`;
  return {
    unknownOf(nodes) {
      const unknown = [...nodes.values()].filter((node) => {
        const held = known.get(name(node));
        return held === undefined || (node.vendor && !held);
      });
      return unknown.sort((a, b) => (a.id < b.id ? -1 : 1));
    },
    remember(nodes) {
      for (const node of nodes) {
        known.set(name(node), node.vendor || known.get(name(node)) === true);
      }
    },
    forget: () => known.clear(),
  };
}

/** Makes and labels what is missing. */
export async function pointAt(tx: ManagedTransaction, nodes: readonly PointedAt[]): Promise<void> {
  const rows = (wanted: PointedAt['kind']) =>
    nodes.filter(({ kind }) => kind === wanted).map(({ id, vendor }) => ({ id, vendor }));
  const [domains, organizations] = [rows('domain'), rows('organization')];
  if (domains.length > 0) {
    await run(tx, pointAtDomains, { rows: domains });
  }
  if (organizations.length > 0) {
    await run(tx, pointAtOrganizations, { rows: organizations });
  }
}

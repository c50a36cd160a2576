import type { GraphAction } from '../../src/graph/actions.ts';
import { type Change, claimChange, completionChanges, nameChanges, withdrawalChange } from '../../src/graph/changes.ts';
import { type Entity, identify, join, lift } from '../../src/graph/fold.ts';

/** The changes that the writer tells of, for each action in turn, without a database. */
export function changesOf(actions: readonly GraphAction[]): Change[][] {
  const held = new Map<string, Entity>();
  return actions.map((action) =>
    lift(action).flatMap((entity) => {
      const id = identify(entity);
      const before = held.get(id);
      const after = before === undefined ? entity : join(before, entity);
      if (after === before) return [];
      held.set(id, after);
      return changeOf(before, after);
    }),
  );
}

function changeOf(before: Entity | undefined, after: Entity): Change[] {
  switch (after.entity) {
    case 'claim':
      return [claimChange(after)];
    case 'domain':
      return completionChanges(before?.entity === 'domain' ? before : undefined, after);
    case 'organization':
      return nameChanges(after);
    case 'source':
      return [withdrawalChange(after)];
    default:
      return [];
  }
}

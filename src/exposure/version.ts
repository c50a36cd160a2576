import { type Sources, tenantsOf } from '../governance/sources.ts';
import { CHANGE_TOPICS, privateChangeTopic } from '../stream/topics.ts';

/** The changes that everybody sees. */
export const EXPOSURE_TOPICS: readonly string[] = [CHANGE_TOPICS.dependency, CHANGE_TOPICS.organization];
const VERSION = /^[0-9a-f]{0,8}(-\d+(\.\d+)*){2,3}$/;

/** What an index follows: what is public, and what each tenant's own sources say. */
export const exposureTopics = (sources: Sources): readonly string[] => [
  ...EXPOSURE_TOPICS,
  ...tenantsOf(sources).map(privateChangeTopic),
];

/** By topic and partition, as `positionKey` names them. */
export type PositionsByKey = ReadonlyMap<string, number>;

/**
 * Which changes an index reflects, as one text: the database it was loaded from, and the next offset of each partition of
 * the topics, as `3f2a9c01-12.0.7.3-5.1.0.0`. What a tenant is told has those of its own topic too, and of nobody else's.
 */
export function toVersion(graph: string, positions: PositionsByKey, tenant?: string): string {
  const topics = tenant === undefined ? EXPOSURE_TOPICS : [...EXPOSURE_TOPICS, privateChangeTopic(tenant)];
  const offsets = topics.map((topic) =>
    [...positions]
      .filter(([key]) => key.startsWith(`${topic}/`))
      .sort(([a], [b]) => partitionOf(a) - partitionOf(b))
      .map(([, offset]) => offset)
      .join('.'),
  );
  return [graph.replace(/[^0-9a-f]/g, '').slice(0, 8), ...offsets.map((list) => list || '0')].join('-');
}

const partitionOf = (key: string): number => Number(key.slice(key.lastIndexOf('/') + 1));

export const isVersion = (text: string): boolean => VERSION.test(text);

/** Whether the version reflects all that the wanted one does. */
export function includes(version: string, wanted: string): boolean {
  const [graph, ...offsets] = version.split('-');
  const [wantedGraph, ...wantedOffsets] = wanted.split('-');
  return (
    graph === wantedGraph &&
    wantedOffsets.every((list, topic) => {
      const held = (offsets[topic] ?? '').split('.').map(Number);
      return list.split('.').every((offset, partition) => (held[partition] ?? 0) >= Number(offset));
    })
  );
}

import { createHash } from 'node:crypto';
import { fanOutBreachIncidents } from '../../consumers/breach-incidents/fan-out.ts';
import type { FanOut, Knowledge, RawDocument } from '../../consumers/document.ts';
import { frameFile } from '../../consumers/framing.ts';
import { fanOutPageLoads } from '../../consumers/page-loads/fan-out.ts';
import { fanOutPartnerRelationships } from '../../consumers/partner-relationships/fan-out.ts';
import { createDetector } from '../../src/detection/detector.ts';
import type { GraphAction } from '../../src/graph/actions.ts';
import type { Driver } from '../../src/graph/driver.ts';
import { createWriter, type MappedEvent } from '../../src/graph/writer.ts';
import { loadGovernedSources } from '../../src/main/knowledge.ts';
import { mapTyped } from '../../src/main/mapping.ts';
import { inProgram } from '../../src/program.ts';
import type { Stream } from '../../src/stream/topics.ts';

/** When the dependencies of the IMC 2020 paper were measured. */
export const MEASURED = Date.parse('2020-01-15T00:00:00Z');

const FILES: readonly (readonly [string, Stream, string])[] = [
  ['imc2020/site-dependencies-excerpt.csv', 'partner-relationships', 'imc2020'],
  ['imc2020/provider-dependencies.csv', 'partner-relationships', 'imc2020'],
  ['har/pagexray-assa.har.gz', 'page-loads', 'page-crawler'],
  ['har/webdep-sciencedirect.com.har.gz', 'page-loads', 'page-crawler'],
  ['breaches/hibp-style-invented.json', 'breach-incidents', 'hibp'],
];

const FAN_OUTS: Partial<Record<Stream, (document: RawDocument, knowledge: Knowledge) => FanOut>> = {
  'page-loads': fanOutPageLoads,
  'partner-relationships': fanOutPartnerRelationships,
  'breach-incidents': fanOutBreachIncidents,
};

/** Without detection rules: what a host is used for is not what is tested here. */
async function knowNoVendors(): Promise<Knowledge> {
  return { sources: await loadGovernedSources(), detector: createDetector([], []) };
}

/** Puts the fixtures into the graph as the streams would, without Kafka in between. Returns what the writer applied. */
export async function loadRealFacts(driver: Driver): Promise<number> {
  const knowledge = await knowNoVendors();
  const events: MappedEvent[] = [];
  for (const [file, stream, source] of FILES) {
    const path = inProgram(`test/fixtures/${file}`);
    for await (const framed of frameFile(path, stream, {})) {
      if (framed.kind === 'document') events.push(...mapDocument({ ...framed, source, stream }, knowledge));
    }
  }
  return writeEvents(driver, knowledge, events, 'facts');
}

/** Writes actions as one slice of a topic of their own. */
export async function writeActions(driver: Driver, actions: readonly GraphAction[], topic: string): Promise<number> {
  const knowledge = await knowNoVendors();
  return writeEvents(driver, knowledge, [{ actions, outcome: 'mapped' }], topic);
}

async function writeEvents(
  driver: Driver,
  { sources }: Knowledge,
  events: readonly MappedEvent[],
  topic: string,
): Promise<number> {
  const writer = createWriter({ driver, rankOf: (source) => sources.get(source)?.rank ?? 99 });
  const next = events.length;
  const { applied } = await writer.write({ group: 'avd.graph', topic, partition: 0, from: 0, next, events });
  return applied;
}

function mapDocument(
  framed: Pick<RawDocument, 'bytes' | 'place' | 'format' | 'source' | 'stream'> & { readonly columns?: string },
  knowledge: Knowledge,
): MappedEvent[] {
  const document: RawDocument = {
    ...framed,
    columns: framed.columns,
    observedAt: MEASURED,
    document: createHash('sha256').update(framed.bytes).digest('hex'),
    producedAt: Date.now(),
  };
  const fanOut = FAN_OUTS[framed.stream as Stream];
  return (fanOut?.(document, knowledge).events ?? []).map(({ topic, value, id, source, time }) => ({
    actions: mapTyped(topic, value, { id, source, time }),
    outcome: 'mapped',
  }));
}

import { type Driver, integer } from '../src/graph/driver.ts';
import { REMEMBERED } from '../src/graph/repeats.ts';
import { createWriter } from '../src/graph/writer.ts';
import { wipe, withDatabase } from './database.ts';
import { CALLS, decode, encode, type Row, rowAt, siteName, VENDORS, vendorName } from './rows.ts';

/**
 * How fast events become claims, beside what anybody would write and beside the barest statement, all in one run on
 * the same rows, driver, batch and number of writers. Only ratios mean anything on a shared machine.
 *
 *   naive   one MERGE statement a message, awaited
 *   raw     UNWIND of maps, two key MATCHes, CREATE: no join, no position, no changes; cannot be run twice
 *   first   the graph stage: decode, map, fold, write with position, counters and outbox
 *   repeat  the same pages crawled again on the same day, each a new document, by consumers that have just started
 */
const WRITERS = 2;
const BATCH = 5_000;
const CHUNK = BATCH * WRITERS * 10;
/** Before the database has compiled what it runs, everything takes twice as long, and this the more the more it is. */
const WARM_UPS = 4;
const ROUNDS = 3;

export interface Options {
  /** Claims of the whole run. */
  readonly events: number;
}

export async function benchIngest({ events }: Options): Promise<void> {
  await withDatabase(async (driver) => {
    say(`${WRITERS} writers, ${BATCH} events a batch, ${CALLS} claims a page, ${VENDORS} vendors`);
    const small = Math.min(events, 200_000);
    for (let round = 0; round < WARM_UPS; round++) {
      await fresh('warm-up (not counted), raw', driver, small / 2, rawly(driver));
      await fresh('warm-up (not counted), first', driver, small / 2, stage(driver));
      await measure('warm-up (not counted), repeat', small / 2, stage(driver), 1);
    }
    await fresh('warm-up (not counted), naive', driver, 5_000, naively(driver));
    const naive = await fresh('naive', driver, 10_000, naively(driver));
    // Alternating, so that a machine that slows down slows all of them down.
    const rounds: { raw: number; first: number; repeat: number; again: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const raw = await fresh('raw', driver, small, rawly(driver));
      const first = await fresh('first', driver, small, stage(driver));
      const restarted = stage(driver);
      const repeat = await measure('repeat', small, restarted, 1);
      const again = await measure('repeat, remembered', small, restarted, 2);
      rounds.push({ raw, first, repeat, again });
    }
    const raw = median(rounds.map((r) => r.raw));
    const first = median(rounds.map((r) => r.first));
    const repeat = median(rounds.map((r) => r.repeat));
    const again = median(rounds.map((r) => r.again));
    say(`first ÷ naive ${ratio(first, naive)} (target 10), first ÷ raw ${ratio(first, raw)} (target 0.6)`);
    say(
      `repeat ÷ first ${ratio(repeat, first)} (target 5), ÷ first where all is remembered ${ratio(again, first)}; a writer remembers ${REMEMBERED / 2 ** 20} MB of what domains keep`,
    );
    if (events > small) {
      await growth(driver, small, events);
    }
  });
}

/** Rate and memory from the first 200,000 events to the last. */
async function growth(driver: Driver, small: number, events: number): Promise<void> {
  await wipe(driver);
  await makeNodes(driver, events);
  const write = stage(driver);
  const marks: { events: number; rate: number; heap: number; rss: number }[] = [];
  for (let from = 0; from < events; from += small) {
    const rate = await measure(`first, ${from} to ${from + small}`, small, write, 0, from);
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    marks.push({ events: from + small, rate, heap: heapUsed / 2 ** 20, rss: rss / 2 ** 20 });
    say(`  heap after collection ${(heapUsed / 2 ** 20).toFixed(0)} MB, RSS ${(rss / 2 ** 20).toFixed(0)} MB`);
  }
  const [begin, end] = [marks[0], marks.at(-1)];
  if (begin && end) {
    say(
      `at ${end.events}: rate ${ratio(end.rate, begin.rate)} (target 0.8), heap ${ratio(end.heap, begin.heap)}, RSS ${ratio(end.rss, begin.rss)} of ${begin.events} (target 0.8 to 1.2)`,
    );
  }
}

type Write = (lane: number, rows: readonly Row[], values: readonly Uint8Array[]) => Promise<void>;

/** On an emptied graph whose domains are there, since the raw limit cannot make them. @returns events a second */
async function fresh(name: string, driver: Driver, events: number, write: Write): Promise<number> {
  await wipe(driver);
  await makeNodes(driver, events);
  return measure(name, events, write);
}

/** Only the writing is timed, not the making of the rows, which are those of the crawl's `round`. */
async function measure(name: string, events: number, write: Write, round = 0, start = 0): Promise<number> {
  let elapsed = 0;
  for (let from = start; from < start + events; from += CHUNK) {
    const rows = Array.from({ length: Math.min(CHUNK, start + events - from) }, (_, i) => rowAt(from + i, round));
    const lanes = Array.from({ length: WRITERS }, (_, lane) =>
      rows.filter((_row, i) => Math.floor((from + i) / CALLS) % WRITERS === lane),
    );
    const values = lanes.map(encode);
    // What making them has left behind is not collected at the cost of the writing.
    globalThis.gc?.();
    const begin = performance.now();
    await Promise.all(
      lanes.map(async (lane, i) => {
        for (let at = 0; at < lane.length; at += BATCH) {
          await write(i, lane.slice(at, at + BATCH), (values[i] ?? []).slice(at, at + BATCH));
        }
      }),
    );
    elapsed += performance.now() - begin;
  }
  const rate = (events * 1_000) / elapsed;
  say(`${name}: ${Math.round(rate)} events/s (${events} events)`);
  return rate;
}

let generation = 0;

/** The graph stage, from the bytes of the messages on. A new one has just started: it remembers nothing. */
function stage(driver: Driver): Write {
  const writer = createWriter({ driver, rankOf: () => 1 });
  const topic = `bench-${generation++}`;
  const next = new Map<number, number>();
  return async (partition, _rows, values) => {
    const from = next.get(partition) ?? 0;
    const events = values.map((value) => ({ actions: decode(value), outcome: 'mapped' as const }));
    await writer.write({ group: 'bench', topic, partition, from, next: from + events.length, events });
    next.set(partition, from + events.length);
  };
}

const MERGE = `MERGE (s:Domain {name: $subject}) MERGE (o:Domain {name: $object})
MERGE (s)-[r:USES {source: $source, service: $service}]->(o)
ON CREATE SET r.firstSeen = $day, r.lastSeen = $day, r.sightedConfidence = 1.0, r.evidence = [$evidence]
ON MATCH SET r.lastSeen = CASE WHEN r.lastSeen < $day THEN $day ELSE r.lastSeen END`;

function naively(driver: Driver): Write {
  return async (_lane, rows) => {
    for (const row of rows) {
      await driver.executeQuery(MERGE, parameters(row));
    }
  };
}

const CREATE = `UNWIND $rows AS row
MATCH (s:Domain {name: row.subject}) MATCH (o:Domain {name: row.object})
CREATE (s)-[:USES {source: row.source, service: row.service, firstSeen: row.day, lastSeen: row.day,
  sightedConfidence: 1.0, evidence: [row.evidence]}]->(o)`;

function rawly(driver: Driver): Write {
  return async (_lane, rows) => {
    await driver.executeQuery(CREATE, { rows: rows.map(parameters) });
  };
}

function parameters(row: Row) {
  const day = integer(Math.floor(row.observedAt / 86_400_000) * 86_400_000);
  const evidence = JSON.stringify([row.observedAt, row.document, 'entries[0]', row.host]);
  return { subject: row.subject, object: row.object, source: 'page-crawler', service: row.service, day, evidence };
}

async function makeNodes(driver: Driver, events: number): Promise<void> {
  const names = [
    ...Array.from({ length: VENDORS }, (_, i) => vendorName(i)),
    ...Array.from({ length: Math.ceil(events / CALLS) }, (_, i) => siteName(i)),
  ];
  for (let at = 0; at < names.length; at += 10_000) {
    await driver.executeQuery('UNWIND $names AS name MERGE (:Domain {name: name})', {
      names: names.slice(at, at + 10_000),
    });
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const ratio = (a: number, b: number): string => (a / b).toFixed(2);
const say = (text: string): boolean => process.stdout.write(`${text}\n`);

import { pino } from 'pino';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { createEvent } from '../../consumers/document.ts';
import { loadConfig } from '../../src/config.ts';
import { openDriver } from '../../src/graph/driver.ts';
import { requireEmpty } from '../../src/graph/empty.ts';
import { graphHash } from '../../src/graph/hash.ts';
import { createOutbox } from '../../src/graph/outbox.ts';
import type { Context } from '../../src/main/context.ts';
import { eventMessage } from '../../src/main/fan-out-stage.ts';
import { replay } from '../../src/main/replay.ts';
import { runConsumers } from '../../src/main/run-consumers.ts';
import { SourceWithdrawnSchema } from '../../src/stream/generated/avd/governance/v1/governance_pb.ts';
import { readToEnd } from '../../src/stream/read.ts';
import { CHANGE_TOPICS, EVENT_HEADERS, GROUPS, TYPED_TOPICS } from '../../src/stream/topics.ts';
import { freshDatabase } from '../support/database.ts';
import { createStages, KNOWLEDGE } from '../support/stages.ts';
import { testServers } from '../support/test-servers.ts';

const stages = createStages();
const servers = testServers();
const context: Context = {
  config: loadConfig({ AVD_PARTITIONS: '3' }),
  ...servers,
  openDriver: () => openDriver(servers.neo4j),
};
const governed = { knowledge: KNOWLEDGE, digest: 'test' };
const logger = pino({ level: 'silent' });
const forever = new AbortController().signal;
const T = Date.parse('2026-10-01T12:00:00Z');

beforeEach(() => stages.begin());
afterAll(() => stages.close());

const uses = (subject: string, object: string, time = T) =>
  JSON.stringify({
    type: 'uses',
    subject,
    object,
    service: 'dns',
    confidence: 0.9,
    observedAt: new Date(time).toISOString(),
  });

const state = (text: string) => stages.ingest('partner-relationships', 'partner', text);

test('a process consumes until nothing is left, and publishes each change', async () => {
  await state(uses('first.example', 'dns.example'));
  await state(uses('second.example', 'dns.example'));
  const totals = await runConsumers({ context, governed, logger, signal: forever, untilIdle: true });
  expect(totals).toEqual({
    fanOut: { documents: 2, events: 2, refused: 0 },
    graph: { events: 2, applied: 2, superseded: 0, refused: 0 },
  });
  expect(await createOutbox(stages.driver).take(1)).toEqual([]);
  const subjects = new Set<string>();
  await readToEnd(stages.kafka, [CHANGE_TOPICS.dependency], async ({ records }) => {
    for (const { key, headers } of records) if (headers[EVENT_HEADERS.id] !== undefined) subjects.add(String(key));
  });
  expect([...subjects].filter((key) => /(first|second)\.example/.test(key))).toHaveLength(2);
});

test('a graph that was made by other rules is left alone', async () => {
  await runConsumers({ context, governed, logger, signal: forever, untilIdle: true });
  const other = { ...governed, digest: 'other' };
  await expect(runConsumers({ context, governed: other, logger, signal: forever })).rejects.toMatchObject({
    code: 'DIGEST_CHANGED',
  });
});

test('a stop ends the process within seconds', async () => {
  const stopping = new AbortController();
  const running = runConsumers({ context, governed, logger, signal: stopping.signal });
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const asked = Date.now();
  stopping.abort();
  await running;
  expect(Date.now() - asked).toBeLessThan(10_000);
});

test('a replay makes the same graph, an earlier one on request, and consumers go on from it', async () => {
  // From the very start of the logs, whatever other tests have left in them: that is what a replay reads.
  await freshDatabase(stages.driver);
  await state(uses('a.example', 'b.example'));
  await state(uses('a.example', 'c.example', T + 86_400_000));
  const withdrawn = createEvent({
    topic: TYPED_TOPICS.sourceWithdrawn,
    key: 'withdrawals',
    schema: SourceWithdrawnSchema,
    message: { before: BigInt(T - 1), author: 'test', reason: 'a bad delivery', statedAt: BigInt(T) },
    source: 'partner',
    time: T,
  });
  await stages.producer.send(withdrawn.topic, [eventMessage(withdrawn)]);
  await runConsumers({ context, governed, logger, signal: forever, untilIdle: true });
  const hash = await graphHash(stages.driver);
  await expect(requireEmpty(stages.driver)).rejects.toMatchObject({ code: 'USAGE' });

  const request = { kafka: stages.kafka, driver: stages.driver, knowledge: KNOWLEDGE, logger };
  await freshDatabase(stages.driver);
  await requireEmpty(stages.driver);
  const earlier = await replay({ ...request, until: T });
  expect(earlier.later).toBeGreaterThan(0);
  expect(earlier.hash).not.toBe(hash);

  await freshDatabase(stages.driver);
  const whole = await replay(request);
  expect(whole).toMatchObject({ hash, later: 0 });

  await state(uses('a.example', 'd.example'));
  const { sum } = await stages.drain();
  expect([sum(GROUPS.fanOut, 'applied'), sum(GROUPS.graph, 'applied')]).toEqual([1, 1]);
  expect(await graphHash(stages.driver)).not.toBe(hash);
});

import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { buildSchema, parse as parseDocument, validate } from 'graphql';
import { load } from 'js-yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import { frameFile } from '../../consumers/framing.ts';
import type { GraphAction, Reference } from '../../src/graph/actions.ts';
import { fanOutRecord } from '../../src/main/fan-out.ts';
import { loadKnowledge } from '../../src/main/knowledge.ts';
import { mapTyped } from '../../src/main/mapping.ts';
import { readQuestions } from '../../src/main/questions.ts';
import { rawMessage } from '../../src/main/raw-message.ts';
import type { SampleFile } from '../../src/main/sample.ts';
import { inProgram } from '../../src/program.ts';
import type { RefusedPart } from '../../src/stream/dead-letters.ts';
import { RAW_TOPICS } from '../../src/stream/topics.ts';

const { files } = load(readFileSync(inProgram('sample/sample.yaml'), 'utf8')) as {
  files: readonly (Omit<SampleFile, 'observedAt'> & { observedAt?: string })[];
};

interface Read {
  readonly actions: GraphAction[];
  readonly refused: Pick<RefusedPart, 'code' | 'place'>[];
}

const knowing = loadKnowledge();

/** What a file of the sample asks of the graph, as ingest, fan-out and mapping do it, without a server. */
async function read(name: string): Promise<Read> {
  const { knowledge } = await knowing;
  const { file, stream, source, format, observedAt } = files.find((one) => one.file === name)!;
  const delivery = { source, observedAt: observedAt === undefined ? undefined : Date.parse(observedAt) };
  const actions: GraphAction[] = [];
  const refused: Read['refused'] = [];
  for await (const framed of frameFile(inProgram(`sample/${file}`), stream, { format })) {
    if (framed.kind === 'refused') {
      refused.push(framed);
      continue;
    }
    const { value, headers } = await rawMessage(framed, delivery);
    const record = { key: null, value: Buffer.from(value), headers: headers!, offset: 0, timestamp: Date.now() };
    const result = fanOutRecord(record, RAW_TOPICS[stream], 0, knowledge);
    refused.push(...result.refused);
    for (const event of result.events) actions.push(...mapTyped(event.topic, event.value, event));
  }
  return { actions, refused };
}

function organizationsOf(action: GraphAction): string[] {
  const key = (end: Reference) => (end.kind === 'organization' ? [end.key] : []);
  switch (action.type) {
    case 'sight-use':
    case 'state-use':
      return [...key(action.subject), ...key(action.object)];
    case 'state-ownership':
      return [action.organization];
    case 'state-same-as':
      return [...action.organizations];
    case 'state-part-of':
      return [action.organization, action.parent];
    default:
      return [];
  }
}

const STATING: ReadonlySet<string> = new Set(['partner-relationships', 'dns', 'certificates']);
const SITES = 'imc2020/site-dependencies.csv.gz';

/** Read by a line of its own: two hundred thousand rows, whose labels are in normal form already. */
function providersOfSites(): string[] {
  const rows = gunzipSync(readFileSync(inProgram(`sample/${SITES}`)))
    .toString('utf8')
    .trim()
    .split('\n');
  return rows.slice(1).map((row) => `imc2020:${row.split(',')[3]}`);
}

describe('the bundled sample', () => {
  it('lists each file once, and every file that lies in its folder for page loads', () => {
    const names = files.map(({ file }) => file);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name.startsWith('har/')).sort()).toEqual(
      readdirSync(inProgram('sample/har'))
        .map((name) => `har/${name}`)
        .sort(),
    );
  });

  describe('its statements on identity', () => {
    let identity: Read;
    beforeAll(async () => {
      identity = await read('identity.jsonl');
    });

    it('are all accepted', () => {
      expect(identity.refused).toEqual([]);
    });

    it('speak only of companies that its other files name', async () => {
      const named = new Set(providersOfSites());
      for (const { file, stream } of files) {
        if (!STATING.has(stream) || file === 'identity.jsonl' || file === SITES) continue;
        for (const action of (await read(file)).actions) for (const key of organizationsOf(action)) named.add(key);
      }
      const unknown = identity.actions.flatMap(organizationsOf).filter((key) => !named.has(key));
      expect(unknown).toEqual([]);
    }, 120_000);
  });

  it('has page loads of which each tells a page', async () => {
    for (const { file } of files.filter(({ stream }) => stream === 'page-loads')) {
      const { actions } = await read(file);
      expect(actions.filter(({ type }) => type === 'observe-domain').length, file).toBeGreaterThan(0);
    }
  });

  it.each([
    ['../detection/third-party-web/entities.jsonl.gz', { IP_ADDRESS: 5, NO_REGISTRABLE_DOMAIN: 1 }],
    ['imc2020/provider-dependencies.csv', {}],
    ['dns/zdns-ns.jsonl.gz', {}],
    ['dns/us-dns-202304.gz', { NAME_WITHOUT_LETTER: 5 }],
    ['dns/us-cdn-202304', { WRONG_COLUMN_COUNT: 2 }],
    ['dns/us-ca-202304.gz', {}],
    ['breaches/hibp-style-invented.json', {}],
    ['breaches/veris-style-invented.jsonl', {}],
  ])('has refusals in %s only for what its publisher got wrong: %o', async (file, expected) => {
    const { refused } = await read(file);
    const counts: Record<string, number> = {};
    for (const { code } of refused) counts[code] = (counts[code] ?? 0) + 1;
    expect(counts).toEqual(expected);
  });

  it('asks questions that the schema understands', () => {
    const folder = inProgram('graphql/schema');
    const schema = buildSchema(
      readdirSync(folder)
        .map((name) => readFileSync(`${folder}/${name}`, 'utf8'))
        .join('\n'),
    );
    const questions = readQuestions(inProgram('sample/questions.yaml'));
    expect(questions).toHaveLength(3);
    for (const { document } of questions) {
      expect(validate(schema, parseDocument(readFileSync(inProgram(`graphql/examples/${document}`), 'utf8')))).toEqual(
        [],
      );
    }
  });
});

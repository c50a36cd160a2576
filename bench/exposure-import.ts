import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { matchName } from '../src/identity/organization-key.ts';
import { jarsOf } from '../src/local/jars.ts';
import { findJava } from '../src/local/java.ts';
import { loadServerSettings } from '../src/local/settings.ts';
import { runTool } from '../src/local/tool.ts';
import {
  type BenchClaim,
  type BenchGraph,
  claimsOf,
  DAY,
  domainName,
  lookedAt,
  merges,
  organizationKey,
  organizationName,
  ownerships,
} from './exposure-graph.ts';

/** Puts the graph as the writer leaves it into a Neo4j folder that was never started. */
export async function importGraph(home: string, graph: BenchGraph): Promise<{ claims: number }> {
  const folder = join(home, 'import');
  for (const made of [folder, join(home, 'conf'), join(home, 'logs')]) mkdirSync(made, { recursive: true });
  const used = new Uint8Array(graph.domains + graph.declared);
  const claims = writeUses(folder, graph, used);
  writeDomains(folder, graph, used);
  writeOrganizations(folder, graph, used);
  writeIdentity(folder, graph);
  const conf = join(home, 'conf');
  writeFileSync(join(conf, 'neo4j.conf'), '');
  const jars = await jarsOf('neo4j', loadServerSettings().NEO4J_VERSION, () => undefined);
  const input = (kind: string, name: string) => `--${kind}=${join(folder, `${name}.csv`)}`;
  await runTool({
    name: 'The import',
    home,
    command: await findJava(),
    args: [
      ...['-Xmx2g', '-cp', join(jars, '*'), 'org.neo4j.cli.AdminTool', 'database', 'import', 'full', 'neo4j'],
      ...[
        '--id-type=integer',
        `--report-file=${join(home, 'import.report')}`,
        input('nodes', 'domains'),
        input('nodes', 'organizations'),
      ],
      ...['USES', 'OWNERSHIP_CLAIM', 'OWNED_BY', 'SAME_AS'].map((type) => input(`relationships=${type}`, type)),
    ],
    env: { NEO4J_HOME: home, NEO4J_CONF: conf },
  });
  return { claims };
}

type Cell = string | number | boolean | undefined;

/** Rows of values without commas or quotes, written a megabyte at a time. */
class Table {
  readonly #file: number;
  #text: string;

  constructor(folder: string, name: string, header: string) {
    this.#file = openSync(join(folder, `${name}.csv`), 'w');
    this.#text = `${header}\n`;
  }

  add(...cells: readonly Cell[]): void {
    this.#text += `${cells.join(',')}\n`;
    if (this.#text.length > 1 << 20) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    writeSync(this.#file, this.#text);
    this.#text = '';
  }
}

const SAID = 'statedAt:long,statedBy,retractedAt:long,retractedBy,evidence:string[]';

function writeUses(folder: string, graph: BenchGraph, used: Uint8Array): number {
  const claim =
    'source,service,firstSeen:long,lastSeen:long,sightedConfidence:double,critical:boolean,criticalDay:long';
  const table = new Table(folder, 'USES', `:START_ID,:END_ID,${claim},statedConfidence:double,${SAID}`);
  let claims = 0;
  for (let subject = 0; subject < graph.domains + graph.declared; subject++) {
    for (const one of claimsOf(graph, subject)) {
      used[one.object] = 1;
      claims++;
      table.add(...cellsOf(one));
    }
  }
  table.close();
  return claims;
}

function cellsOf(claim: BenchClaim): readonly Cell[] {
  const { subject, object, source, service, firstSeen, lastSeen, sighted, measured, stated, retractedAt } = claim;
  const seen = [subject, object, source, service, firstSeen, lastSeen, sighted];
  const criticalDay = measured === undefined ? undefined : firstSeen;
  const statedAt = stated === undefined ? undefined : firstSeen;
  return [...seen, measured, criticalDay, stated, ...said(lastSeen, statedAt, retractedAt)];
}

/** What was stated, and one short piece of evidence. */
const said = (time: number, statedAt: number | undefined, retractedAt?: number): readonly Cell[] => [
  ...[statedAt, statedAt && 'bench-assertion', retractedAt, retractedAt && 'bench-retraction'],
  `"[${time},""bench"","""",""""]"`,
];

function writeDomains(folder: string, graph: BenchGraph, used: Uint8Array): void {
  const days = 'firstSeen:long,lastSeen:long,observed.zdns.dns:long,complete.zdns.DNS:long';
  const table = new Table(folder, 'domains', `:ID,name,${days},:LABEL`);
  for (let domain = 0; domain < graph.domains; domain++) {
    const looked = lookedAt(graph, domain);
    const label = used[domain] === 1 ? 'Domain;Vendor' : 'Domain';
    table.add(domain, domainName(domain), graph.today - 600 * DAY, graph.today, looked, looked, label);
  }
  table.close();
}

function writeOrganizations(folder: string, graph: BenchGraph, used: Uint8Array): void {
  const canonical = new Map([...merges(graph)].flatMap(([a, b]) => sameFor(a, b)));
  const table = new Table(folder, 'organizations', ':ID,key,name,nameAt:long,matchName,canonical,:LABEL');
  for (let k = 0; k < graph.declared; k++) {
    const [node, key, name] = [graph.domains + k, organizationKey(k), organizationName(k)];
    const label = used[node] === 1 ? 'Organization;Vendor' : 'Organization';
    table.add(node, key, name, graph.today, matchName(name), canonical.get(k) ?? key, label);
  }
  table.close();
}

function sameFor(a: number, b: number): [number, string][] {
  const [least = ''] = [organizationKey(a), organizationKey(b)].sort();
  return [
    [a, least],
    [b, least],
  ];
}

function writeIdentity(folder: string, graph: BenchGraph): void {
  const at = graph.today - 300 * DAY;
  const claimed = `:START_ID,:END_ID,source,firstSeen:long,lastSeen:long,statedConfidence:double,${SAID}`;
  const owners = new Table(folder, 'OWNERSHIP_CLAIM', claimed);
  const owned = new Table(folder, 'OWNED_BY', ':START_ID,:END_ID');
  for (const [domain, k] of ownerships(graph)) {
    owners.add(domain, graph.domains + k, 'partner', at, at, 1, ...said(at, at));
    owned.add(domain, graph.domains + k);
  }
  owners.close();
  owned.close();
  const same = new Table(folder, 'SAME_AS', claimed);
  for (const pair of merges(graph)) {
    // From the smaller key to the greater one.
    const [a = 0, b = 0] = [...pair].sort((x, y) => (organizationKey(x) < organizationKey(y) ? -1 : 1));
    same.add(graph.domains + a, graph.domains + b, 'analyst', at, at, 1, ...said(at, at));
  }
  same.close();
}

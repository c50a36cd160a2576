import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { bundled, type Delivery } from './deliveries.ts';

/**
 * Real files of every stream, some of them in part, and statements made by hand on top. What is written for a test
 * lies in `folder`. Small enough that twenty runs of it fit a few minutes.
 */
export function lawCorpus(folder: string): Delivery[] {
  const day1 = '2023-04-15T00:00:00Z';
  const day2 = '2023-04-20T00:00:00Z';
  const hars = readdirSync(bundled('har', 'test/fixtures')).filter((name) => /^(pagexray|webdep-[a-h])/.test(name));
  const part = (path: string, lines: number) => firstLines(folder, bundled(path), lines);
  const webdep = { stream: 'dns', source: 'webdep' } as const;
  const partner = { stream: 'partner-relationships', source: 'partner' } as const;
  return [
    ...hars.map(
      (name): Delivery => ({
        stream: 'page-loads',
        source: 'page-crawler',
        file: bundled(`har/${name}`, 'test/fixtures'),
      }),
    ),
    { ...webdep, file: part('dns/us-dns-202304.gz', 500), observedAt: day1 },
    // The same sites again, some with other providers: complete observations meet.
    { ...webdep, file: firstLines(folder, bundled('dns/last_DNS_data.gz', 'test/fixtures'), 700), observedAt: day2 },
    { ...webdep, file: part('dns/us-cdn-202304', 150), observedAt: day1, format: 'webdep-cdn' },
    { stream: 'dns', source: 'zdns', file: part('dns/zdns-ns.jsonl.gz', 250) },
    { stream: 'dns', source: 'zdns', file: bundled('dns/zdns-samples.jsonl', 'test/fixtures') },
    { stream: 'certificates', source: 'webdep', file: part('dns/us-ca-202304.gz', 400), observedAt: day1 },
    {
      stream: 'partner-relationships',
      source: 'third-party-web',
      file: bundled('entities/entities-excerpt.jsonl', 'test/fixtures'),
      observedAt: '2025-04-01T00:00:00Z',
    },
    {
      stream: 'partner-relationships',
      source: 'imc2020',
      file: part('imc2020/site-dependencies.csv.gz', 1_500),
      observedAt: '2020-06-01T00:00:00Z',
    },
    {
      stream: 'partner-relationships',
      source: 'imc2020',
      file: bundled('imc2020/provider-dependencies.csv'),
      observedAt: '2020-06-01T00:00:00Z',
    },
    { stream: 'breach-incidents', source: 'hibp', file: bundled('breaches/hibp-style-invented.json', 'test/fixtures') },
    {
      stream: 'breach-incidents',
      source: 'veris',
      file: bundled('breaches/veris-style-invented.jsonl', 'test/fixtures'),
    },
    // Bad neighbours, so that dead letters are a part of the account.
    { ...partner, file: bundled('bad/relationships.jsonl', 'test/fixtures') },
    { ...partner, file: write(folder, 'partner.jsonl', partnerStatements()) },
    { ...partner, source: 'analyst', file: write(folder, 'analyst.jsonl', analystStatements()) },
  ];
}

type Statement = Readonly<Record<string, unknown>>;

const at = (day: number): string => new Date(Date.UTC(2026, day)).toISOString();
const uses = (subject: string, object: string, day: number, more: Statement = {}): Statement => ({
  type: 'uses',
  subject,
  object,
  service: 'dns',
  observedAt: at(day),
  ...more,
});
const belongsTo = (subject: string, object: string, day: number, more: Statement = {}): Statement => ({
  type: 'belongsTo',
  subject,
  object,
  observedAt: at(day),
  ...more,
});
const sameAs = (subject: string, object: string, day: number, more: Statement = {}): Statement => ({
  type: 'sameAs',
  subject,
  object,
  observedAt: at(day),
  ...more,
});

/** Forty subjects on which statement, retraction and restatement meet, each in its own turn of events. */
function partnerStatements(): Statement[] {
  return Array.from({ length: 40 }, (_, i) => {
    const [site, vendor, owner] = [`site-${i}.example`, `vendor-${i % 7}.example`, `Vendor ${i % 7}`];
    return [
      uses(site, vendor, 2 + (i % 3), { confidence: 0.9 }),
      uses(site, vendor, 3, { retracted: true }),
      uses(site, vendor, 1 + (i % 5), { confidence: 0.5, critical: i % 2 === 0 }),
      belongsTo(site, `Site Owner ${i % 10}`, 1 + (i % 4)),
      belongsTo(vendor, owner, 1 + (i % 6)),
      belongsTo(vendor, `Former ${owner}`, 3, { retracted: i % 2 === 0 }),
      { type: 'partOf', subject: owner, object: 'Holding', observedAt: at(1 + (i % 9)) },
    ];
  }).flat();
}

/** Merges that stand, merges that are taken back, and owners that only an analyst knows. */
function analystStatements(): Statement[] {
  return [
    sameAs('imc2020:cloudflare', 'webdep:cloudflare', 1, { reason: 'one company', author: 'A' }),
    sameAs('imc2020:aws', 'webdep:amazon.com', 1, { reason: 'one company' }),
    sameAs('webdep:amazon.com', 'webdep:azure-dns', 2, { reason: 'a mistake' }),
    sameAs('webdep:azure-dns', 'webdep:amazon.com', 3, { reason: 'taken back', retracted: true }),
    sameAs('partner:vendor 1', 'partner:vendor 2', 1),
    sameAs('partner:vendor 2', 'partner:vendor 3', 2),
    sameAs('partner:vendor 1', 'partner:vendor 2', 3, { retracted: true }),
    sameAs('partner:vendor 1', 'partner:vendor 2', 4),
    belongsTo('cloudflare.com', 'webdep:cloudflare', 1),
    belongsTo('doubleclick.net', 'Google', 1),
    belongsTo('site-1.example', 'analyst:Overruled', 1),
  ];
}

function write(folder: string, name: string, statements: readonly Statement[]): string {
  const file = join(folder, name);
  writeFileSync(file, statements.map((statement) => `${JSON.stringify(statement)}\n`).join(''));
  return file;
}

/** The first lines of a file, behind its header where it has one, as a file of their own. */
function firstLines(folder: string, path: string, count: number): string {
  const bytes = readFileSync(path);
  const lines = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').split('\n');
  const header = lines[0]?.startsWith('rank,') ? lines.splice(0, 1) : [];
  const file = join(folder, `part-of-${basename(path, '.gz')}`);
  writeFileSync(file, [...header, ...lines.slice(0, count), ''].join('\n'));
  return file;
}

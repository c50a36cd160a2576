import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS } from '../src/api/limits.ts';
import { BRANCHES, type Branch, type Choice, documentOf } from './costly-documents.ts';
import { siteName } from './rows.ts';
import { type ServedApi, withServedApi } from './served-api.ts';

/**
 * The costliest document that the limits let through, found by search: each way to ask for much is timed at several page
 * sizes, the dearest are put together until a limit refuses more, and the document is changed at random as long as that
 * makes it slower. Ten such at once are then asked for beside a plain page.
 */
const SIZES = [1, 20, 100, 500];
const STEPS = 40;
/** The API gives up then: nothing is slower. */
const TIME_LIMIT_MS = 20_000;
/** How long is searched. */
const SEARCH_MS = 120_000;
/** Fields at the root, but for the one that `isLetThrough` adds. */
const MOST = LIMITS.rootFields - 1;
const AT_ONCE = 10;
const PAGES = 300;
const PAGE_EVERY_MS = 50;
const PAGE = `query ($key: String!) { organization(key: $key) { name dependencies(first: 50) { totalCount
  edges { node { key name } critical confidence stale status services { service critical } } } } }`;

export async function benchCostliest(): Promise<void> {
  await withServedApi(async (api) => {
    const dearest = await climb(api, await compose(api, await timeBranches(api)));
    const document = documentOf(dearest);
    await sleep(2000);
    const before = api.memory();
    const alone = await api.ask(document, 'alone');
    say(`the costliest: ${describe(dearest)}`);
    say(
      `alone: ${alone.ms.toFixed(0)} ms, ${alone.bytes} bytes, cost ${alone.cost}, codes ${alone.codes.join() || 'none'}`,
    );
    const quiet = await pages(api, 0);
    const leave = new AbortController();
    setMaxListeners(0, leave.signal);
    const times: number[] = [];
    const load = Array.from({ length: AT_ONCE }, (_, i) => repeat(api, document, i, leave.signal, times));
    await sleep(1000);
    const busy = await pages(api, 1_000);
    leave.abort();
    await Promise.all(load);
    say(`memory of the API: ${before} MB before, ${api.memory()} MB after, ${api.mostMemory()} MB at most`);
    say(`${AT_ONCE} at once: ${times.length} answers, ${(sum(times) / times.length).toFixed(0)} ms each`);
    say(`a plain page: quiet p50 ${quiet.p50} p99 ${quiet.p99} ms, beside them p50 ${busy.p50} p99 ${busy.p99} ms`);
    say(`p99 ÷ quiet p99 = ${(busy.p99 / quiet.p99).toFixed(2)} (target 3)`);
  });
}

interface Timed extends Choice {
  readonly ms: number;
}

async function timeBranches(api: ServedApi): Promise<readonly Timed[]> {
  const timed: Timed[] = [];
  for (const branch of BRANCHES) {
    for (const n of SIZES) {
      const one = await time(api, [{ branch, n }]);
      if (one === undefined) continue;
      timed.push({ branch, n, ms: one.ms });
      say(`${branch.name}, ${n}: ${one.ms.toFixed(0)} ms, cost ${one.cost}`);
    }
  }
  return timed;
}

/** The time of a document, undefined where a limit refuses it: what is asked for the first time is compiled first. */
async function time(api: ServedApi, choices: readonly Choice[]): Promise<{ ms: number; cost: number } | undefined> {
  const first = await ask(api, choices);
  if (first === undefined || first.ms > TIME_LIMIT_MS) return first;
  const second = await ask(api, choices);
  return second && { ms: Math.min(first.ms, second.ms), cost: second.cost };
}

async function ask(api: ServedApi, choices: readonly Choice[]): Promise<{ ms: number; cost: number } | undefined> {
  const { ms, cost, codes } = await api.ask(documentOf(choices), `${Math.random()}`);
  const unexpected = codes.filter((code) => !/TOO_|QUERY_TIMEOUT|LIMIT_EXCEEDED/.test(code));
  if (unexpected.length > 0) throw new Error(`${unexpected}: ${documentOf(choices)}`);
  return codes.some((code) => code.includes('TOO_')) ? undefined : { ms, cost };
}

/** The slowest ones, each as often as it fits, until nothing fits any more. */
async function compose(api: ServedApi, timed: readonly Timed[]): Promise<readonly Choice[]> {
  const choices: Choice[] = [];
  for (const next of [...timed].sort((a, b) => b.ms - a.ms)) {
    while (choices.length < MOST && (await fits(api, [...choices, next]))) choices.push(next);
  }
  return choices;
}

async function climb(api: ServedApi, from: readonly Choice[]): Promise<readonly Choice[]> {
  let best = from;
  let ms = (await time(api, best))?.ms ?? 0;
  const end = Date.now() + SEARCH_MS;
  for (let step = 0; step < STEPS && ms < TIME_LIMIT_MS && Date.now() < end; step++) {
    const changed = change(best);
    const tried = (await fits(api, changed)) ? await time(api, changed) : undefined;
    if (tried === undefined || tried.ms <= ms) continue;
    [best, ms] = [changed, tried.ms];
    say(`step ${step}: ${ms.toFixed(0)} ms, cost ${tried.cost}`);
  }
  return best;
}

/** Whether the limits let it through: it is refused, or not, before anything is executed. */
async function fits(api: ServedApi, choices: readonly Choice[]): Promise<boolean> {
  return api.isLetThrough(documentOf(choices));
}

function change(choices: readonly Choice[]): readonly Choice[] {
  const kept = choices.filter(() => Math.random() > 0.2);
  const added = Array.from({ length: Math.floor(Math.random() * 6) }, () => ({ branch: any(BRANCHES), n: any(SIZES) }));
  return [...kept, ...added].slice(0, MOST);
}

function any<T extends Branch | number>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T;
}

async function repeat(
  api: ServedApi,
  document: string,
  i: number,
  signal: AbortSignal,
  times: number[],
): Promise<void> {
  for (let round = 0; !signal.aborted; round++) {
    const ms = await api.drain(document, `${i}/${round}`, signal).catch(() => undefined);
    if (ms !== undefined) times.push(ms);
  }
}

/** Asks for a plain page at an even rate, each time for another site, so that no kept answer is given. */
async function pages(api: ServedApi, offset: number): Promise<{ p50: number; p99: number }> {
  const asked: Promise<number>[] = [];
  for (let i = 0; i < PAGES; i++) {
    asked.push(api.ask(PAGE, '', { key: `domain:${siteName(offset + i)}` }).then(({ ms }) => ms));
    await sleep(PAGE_EVERY_MS);
  }
  const times = (await Promise.all(asked)).sort((a, b) => a - b);
  const at = (share: number): number => Math.round((times[Math.floor(times.length * share)] ?? Number.NaN) * 10) / 10;
  return { p50: at(0.5), p99: at(0.99) };
}

function describe(choices: readonly Choice[]): string {
  const counts = new Map<string, number>();
  for (const { branch, n } of choices) {
    counts.set(`${branch.name} (${n})`, (counts.get(`${branch.name} (${n})`) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => `${count} × ${name}`).join(', ');
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

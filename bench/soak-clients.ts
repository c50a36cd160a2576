import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Question, randomQuestion } from './soak-questions.ts';

/** Between an answer and the next question of a client, at most: half of it on average. */
const LONGEST_THOUGHT_MS = 8_000;
/** Codes that say that AVD is at fault, or that the questions of this benchmark are, or nothing. */
const FAULTS: ReadonlySet<string> = new Set([
  ...['none', 'HTTP', 'INTERNAL', 'INTERNAL_SERVER_ERROR'],
  ...['GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_PARSE_FAILED', 'BAD_USER_INPUT'],
]);

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

export interface Tally {
  asked: number;
  readonly milliseconds: number[];
  readonly errors: Map<string, number>;
}

/** @throws where there is no answer at all */
export async function post(port: number, question: Question, waitFor?: string): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...question, ...(waitFor !== undefined && { extensions: { waitFor } }) }),
  });
  return (await response.json()) as Answer;
}

export const codesOf = ({ errors = [] }: Answer): string[] =>
  errors.map(({ extensions }) => extensions?.code ?? 'none');
export const isFault = (code: string): boolean => FAULTS.has(code);

/** So many clients, each of which asks, thinks and asks again until `signal` aborts. */
export async function runClients(port: number, count: number, tally: Tally, signal: AbortSignal): Promise<void> {
  setMaxListeners(count + 10, signal);
  await Promise.all(Array.from({ length: count }, () => runClient(port, tally, signal)));
}

async function runClient(port: number, tally: Tally, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(Math.random() * LONGEST_THOUGHT_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const begun = performance.now();
    const codes = await post(port, randomQuestion()).then(codesOf, () => ['HTTP']);
    tally.milliseconds.push(performance.now() - begun);
    tally.asked++;
    for (const code of codes) tally.errors.set(code, (tally.errors.get(code) ?? 0) + 1);
  }
}

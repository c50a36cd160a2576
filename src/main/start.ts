import { setTimeout as sleep } from 'node:timers/promises';
import { WAIT_HEADER } from '../api/question.ts';
import { type Config, loadConfig } from '../config.ts';
import { AppError } from '../errors.ts';
import { makeHome } from '../local/home.ts';
import { takeLock } from '../local/lock.ts';
import { isFree } from '../local/ports.ts';
import { killServers, startServers, stopServers } from '../local/servers.ts';
import { inProgram, type Program, processArguments } from '../program.ts';
import { createKafka } from '../stream/kafka.ts';
import { loadContext } from './context.ts';
import { EXIT, reportFailure } from './exit.ts';
import { keepServers } from './keep-servers.ts';
import { makeTopics, migrateGraph, requireSameRules } from './prepare.ts';
import { ask, type Question, readQuestions } from './questions.ts';
import { loadBundledSample } from './sample-streams.ts';
import { createSteps } from './steps.ts';
import { aborted, listenForStop } from './stop-signals.ts';
import { leftProcesses, type Supervised, supervise } from './supervisor.ts';

const API_READY_MS = 120_000;
/** What the API answers before it reflects a version. */
const NOT_YET = 503;
/** The first time a question is asked, the database has nothing planned and nothing cached. */
const ASKED_AT_MOST = 3;

const steps = createSteps(process.stdout);
const processes: Supervised[] = [];
let keeping: Promise<void> | undefined;
let serversAreOurs = false;

/** Brings everything up. Rejects where a step fails, or `stop` aborts between two of them. */
async function bringUp(config: Config, stop: AbortSignal): Promise<void> {
  const { home } = config;
  for (const left of leftProcesses(home)) await left.stop();
  if (!(await isFree(config.port))) {
    throw new AppError(
      'PORT_IN_USE',
      `Port ${config.port} is in use: end what listens there, or choose another, as in \`PORT=${config.port + 1} npm start\`.`,
    );
  }
  serversAreOurs = true;
  await steps.step('Neo4j and Kafka', (progress) => startServers(config, { progress, signal: stop }));
  stop.throwIfAborted();
  keeping = keepServers(config, stop, steps.say);

  const context = loadContext();
  const kafka = createKafka(context.kafkaBrokers);
  await steps.step('topics', () => makeTopics(kafka, config));
  await steps.step('migrations', () => migrateGraph(context.openDriver));
  await requireSameRules(context.openDriver);
  stop.throwIfAborted();

  keep('api', 'api', config);
  await steps.step('API', () => whileAlive(apiReady(config.port, stop)));
  for (let i = 1; i <= config.consumers; i++) keep('consumers', `consumers-${i}`, config);
  if (config.sample === 'bundled') {
    await steps.step('sample', (progress) =>
      whileAlive(
        loadBundledSample({ context, kafka, folder: inProgram('sample'), progress, stop }).then((version) => {
          progress('the API catches up');
          return untilReflected(version, config, stop);
        }),
      ),
    );
  }
  stop.throwIfAborted();
}

function keep(program: Program, name: string, { home }: Config): Supervised {
  const one = supervise({ home, name, args: processArguments(program), say: steps.say });
  processes.push(one);
  return one;
}

/** `work`, unless one of our processes ends for good meanwhile. */
function whileAlive<T>(work: Promise<T>): Promise<T> {
  return Promise.race([work, ...processes.map((one) => one.failure)]);
}

async function apiReady(port: number, stop: AbortSignal): Promise<void> {
  const end = Date.now() + API_READY_MS;
  while (Date.now() < end) {
    const reply = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
    if (reply?.ok) return;
    await sleep(100, undefined, { signal: stop });
  }
  throw new AppError('SERVER_NOT_READY', `The API did not get ready within ${API_READY_MS / 1000} s.`);
}

/** Until the API's answers reflect that version of the graph. Whom it does not answer can't see it. */
async function untilReflected(version: string, config: Config, stop: AbortSignal): Promise<void> {
  if (config.exposureEngine !== 'index' || !config.access.anonymous) return;
  const headers = { 'content-type': 'application/json', [WAIT_HEADER]: version };
  const asked = { method: 'POST', headers, body: JSON.stringify({ query: '{ __typename }' }), signal: stop };
  for (;;) {
    const reply = await fetch(`http://127.0.0.1:${config.port}/graphql`, asked).catch(() => undefined);
    if (reply !== undefined && reply.status !== NOT_YET) return;
    await sleep(100, undefined, { signal: stop });
  }
}

async function printWhereAndAnswers(config: Config): Promise<void> {
  const base = `http://127.0.0.1:${config.port}`;
  steps.say(`
AVD is ready.

  GraphQL   ${base}/graphql
  GraphiQL  ${base}/graphiql
  health    ${base}/health/ready
  metrics   ${base}/metrics
  logs      ${config.home}/logs`);
  // Elsewhere an answer needs somebody's token.
  if (config.sample === 'bundled' && config.access.anonymous) {
    for (const question of readQuestions(inProgram('sample/questions.yaml'))) {
      steps.say(`\n  ${question.title}`);
      for (const line of await answerOf(`${base}/graphql`, question)) steps.say(`    ${line}`);
    }
  }
  steps.say(`\nCtrl-C stops everything; the data stays in ${config.home}.`);
}

/** The lines of its answer, or one that says why there is none: the API is there all the same. */
async function answerOf(url: string, question: Question): Promise<string[]> {
  for (let asked = 1; ; asked++) {
    try {
      return await ask(url, inProgram('graphql/examples'), question);
    } catch (error) {
      if (asked >= ASKED_AT_MOST) return [error instanceof Error ? error.message : String(error)];
    }
  }
}

/** Ends all that was started, in order: what writes, then Kafka, then Neo4j. Nothing is started any more. */
async function takeDown(home: string): Promise<void> {
  await Promise.all(processes.map((one) => one.stop()));
  await keeping;
  if (serversAreOurs) await stopServers(home);
}

function hurry(home: string): void {
  for (const one of processes) void one.kill();
  void killServers(home);
}

async function main(): Promise<number> {
  const config = loadConfig(process.env);
  makeHome(config.home);
  const release = takeLock(config.home);
  const failed = new AbortController();
  const asked = listenForStop(() => hurry(config.home));
  const stop = AbortSignal.any([asked, failed.signal]);
  // Promises alone don't keep a process alive.
  const alive = setInterval(() => undefined, 60_000);
  let code: number = EXIT.done;
  try {
    await bringUp(config, stop);
    await printWhereAndAnswers(config);
    await whileAlive(aborted(stop));
  } catch (error) {
    if (!asked.aborted) code = reportFailure(error);
    failed.abort();
  }
  steps.say('\nStopping …');
  await takeDown(config.home);
  release();
  clearInterval(alive);
  return code;
}

process.exitCode = await main().catch(reportFailure);

import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../errors.ts';
import type { Access } from './access.ts';
import { type Answer, createAnswerCache, isKnown, type Place, toAnswer } from './answer-cache.ts';
import type { Caller } from './context.ts';
import type { GraphQLService } from './graphql.ts';
import { readJson, send, sendError, sendNotModified } from './http.ts';
import { type Asked, nameOf, versionWaitedFor } from './question.ts';
import type { RateLimit } from './rate-limit.ts';
import { sendRefusal } from './refusal.ts';
import type { TrustedDocuments } from './trusted-documents.ts';
import type { Viewer } from './viewer.ts';

/** How long a version that a client waits for may take to come, in ms. */
const LONGEST_WAIT = 10_000;
/** What a request costs at least, in items: also one whose answer is kept, and one that is refused. */
const LEAST_COST = 1;
/** A client may keep an answer, and asks before it shows it again. */
const REVALIDATED = { 'cache-control': 'private, no-cache', vary: 'accept, authorization' } as const;

/** What the engine says of the graph that it answers from; absent where it answers from the database itself. */
export interface GraphVersions {
  /**
   * Opaque; another one whenever the facts that it answers this tenant from are others, and of nobody else's private
   * ones. Undefined while it is not known.
   */
  readonly version?: ((tenant: string) => string | undefined) | undefined;
  /**
   * Resolves once the engine reflects that version, as the tenant was told it, or a later one.
   * @throws AppError VERSION_NOT_REACHED where `signal` fires before, BAD_ARGUMENT for what is no version.
   */
  readonly waitFor?: ((version: string, signal: AbortSignal, tenant: string) => Promise<void>) | undefined;
}

export interface GraphQLRouteDeps extends GraphVersions {
  readonly graphql: GraphQLService;
  readonly access: Access;
  readonly rateLimit: RateLimit;
  readonly documents: TrustedDocuments;
  /** Most that kept answers may take; 0: none is kept. */
  readonly answerCacheBytes?: number | undefined;
  readonly countAnswer: (from: 'memory' | 'execution') => void;
  /** The client went before its answer was there. */
  readonly countCancelled: () => void;
}

/**
 * Answers requests at `/graphql`. At an unchanged version an answer that was given is given again as it is, before
 * anything is parsed; a client that has it already (`If-None-Match`) is told just that, whatever the method: a query by
 * POST is as safe as one by GET.
 */
export function createGraphQLRoute(deps: GraphQLRouteDeps) {
  const { access, rateLimit, documents, graphql } = deps;
  const answer = createAnswering(deps);

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const signal = untilGone(response, deps.countCancelled);
    try {
      const viewer = await access(request.headers.authorization);
      rateLimit.take(viewer.tenant, LEAST_COST);
      const given = await read(request, response);
      if (given === undefined) return;
      const asked = documents.resolve(given);
      await reach(deps, asked, { viewer, signal });
      await answer(asked, { viewer, signal }, response);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      sendRefusal(response, graphql.format(error), error);
    }
  };
}

/** Aborts where the client goes before its answer is there. */
function untilGone(response: ServerResponse, countCancelled: () => void): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (response.writableFinished) return;
    countCancelled();
    gone.abort();
  });
  return gone.signal;
}

function createAnswering(deps: GraphQLRouteDeps) {
  const cache = createAnswerCache(deps.answerCacheBytes);
  return async (asked: Asked, caller: Caller, response: ServerResponse): Promise<void> => {
    const place = placeOf(deps, asked, caller.viewer);
    const found = place && cache.find(place, Date.now());
    deps.countAnswer(found ? 'memory' : 'execution');
    if (found) return sendAnswer(asked, response, found);

    const { status, type, headers, body, outcome, now } = await deps.graphql.handle(asked, caller);
    if (caller.signal.aborted) return;
    if (!outcome.isWhole) {
      // Under the older media type a well-formed answer is 200, whatever it says (GraphQL over HTTP, 6.4.1).
      const isUsual = outcome.isWrongDocument && type.startsWith('application/json');
      const bytes = typeof body === 'string' ? body : body.body;
      return send(response, isUsual ? 200 : (status ?? 200), type, bytes, headers);
    }
    const answer = typeof body === 'string' ? toAnswer(type, body) : body;
    // While it was computed the graph may have moved on.
    if (place && deps.version?.(caller.viewer.tenant) === place.version) cache.keep(place, answer, now);
    sendAnswer(asked, response, answer);
  };
}

/** What is asked; undefined where the body is none, and that has been answered. */
async function read(request: IncomingMessage, response: ServerResponse): Promise<Asked | undefined> {
  const body = request.method === 'POST' ? await readJson(request) : { json: undefined };
  if ('problem' in body) {
    // The rest of a body that was refused is of no use.
    response.setHeader('connection', 'close');
    sendError(response, body.problem.status, body.problem.code, body.problem.message);
    return undefined;
  }
  const url = request.url ?? '/';
  const search = url.includes('?') ? (url.slice(url.indexOf('?')).split('#', 1)[0] ?? '') : '';
  return { method: request.method ?? '', headers: request.headers, search, body: body.json };
}

function placeOf({ version }: GraphVersions, asked: Asked, viewer: Viewer): Place | undefined {
  const known = version?.(viewer.tenant);
  const question = known === undefined ? undefined : nameOf(asked, viewer);
  return known === undefined || question === undefined ? undefined : { question, version: known };
}

function sendAnswer({ headers }: Asked, response: ServerResponse, { type, body, etag }: Answer): void {
  if (isKnown(etag, headers['if-none-match'])) sendNotModified(response, { ...REVALIDATED, etag });
  else send(response, 200, type, body, { ...REVALIDATED, etag });
}

/** Waits for the version that the request names. @throws AppError VERSION_NOT_REACHED, BAD_ARGUMENT */
async function reach({ waitFor }: GraphVersions, asked: Asked, { viewer, signal }: Caller): Promise<void> {
  const version = versionWaitedFor(asked);
  if (version === undefined) return;
  if (!waitFor) throw new AppError('BAD_ARGUMENT', 'waitFor: this engine answers from the database, without versions.');
  await waitFor(version, AbortSignal.any([signal, AbortSignal.timeout(LONGEST_WAIT)]), viewer.tenant);
}

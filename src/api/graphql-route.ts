import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../errors.ts';
import { type Answer, createAnswerCache, isKnown, type Place, toAnswer } from './answer-cache.ts';
import type { GraphQLService } from './graphql.ts';
import { readJson, send, sendError, sendNotModified } from './http.ts';
import { type Asked, nameOf, versionWaitedFor } from './question.ts';
import { ANONYMOUS, type Viewer } from './viewer.ts';

/** How long a version that a client waits for may take to come, in ms. */
const LONGEST_WAIT = 10_000;
/** A client may keep an answer, and asks before it shows it again. */
const REVALIDATED = { 'cache-control': 'private, no-cache', vary: 'accept' } as const;

/** What the engine says of the graph that it answers from; absent where it answers from the database itself. */
export interface GraphVersions {
  /** Opaque; another one whenever the facts that it answers from are others. Undefined while it is not known. */
  readonly version?: (() => string | undefined) | undefined;
  /**
   * Resolves once the engine reflects that version or a later one.
   * @throws AppError VERSION_NOT_REACHED where `signal` fires before, BAD_ARGUMENT for what is no version.
   */
  readonly waitFor?: ((version: string, signal: AbortSignal) => Promise<void>) | undefined;
}

export interface GraphQLRouteDeps extends GraphVersions {
  readonly graphql: GraphQLService;
  /** Most that kept answers may take; 0: none is kept. */
  readonly answerCacheBytes?: number | undefined;
  readonly countAnswer: (from: 'memory' | 'execution') => void;
}

/**
 * Answers requests at `/graphql`. At an unchanged version an answer that was given is given again as it is, before
 * anything is parsed; a client that has it already (`If-None-Match`) is told just that, whatever the method: a query by
 * POST is as safe as one by GET.
 */
export function createGraphQLRoute(deps: GraphQLRouteDeps) {
  const cache = createAnswerCache(deps.answerCacheBytes);

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const asked = await read(request, response);
    if (asked === undefined || !(await hasReached(deps, asked, response))) return;
    const viewer = ANONYMOUS;
    const place = placeOf(deps, asked, viewer);
    const found = place && cache.find(place, Date.now());
    deps.countAnswer(found ? 'memory' : 'execution');
    if (found) return sendAnswer(asked, response, found);

    const { http, context } = await deps.graphql.handle(asked, viewer);
    if (http.body.kind !== 'complete') throw new AppError('INTERNAL', 'Incremental delivery is not supported.');
    const { 'content-type': type = 'application/json; charset=utf-8', ...rest } = Object.fromEntries(http.headers);
    if (!context?.outcome.isWhole) return send(response, http.status ?? 200, type, http.body.string, rest);
    const answer = toAnswer(type, http.body.string);
    // While it was computed the graph may have moved on.
    if (place && deps.version?.() === place.version) cache.keep(place, answer, context.now);
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

function placeOf({ version }: GraphVersions, asked: Asked, { tenant }: Viewer): Place | undefined {
  const known = version?.();
  const question = known === undefined ? undefined : nameOf(asked, tenant);
  return known === undefined || question === undefined ? undefined : { question, version: known };
}

function sendAnswer({ headers }: Asked, response: ServerResponse, { type, body, etag }: Answer): void {
  if (isKnown(etag, headers['if-none-match'])) sendNotModified(response, { ...REVALIDATED, etag });
  else send(response, 200, type, body, { ...REVALIDATED, etag });
}

/** Waits for the version that the request names; false where it did not come, and that has been answered. */
async function hasReached(
  { waitFor, graphql }: GraphQLRouteDeps,
  asked: Asked,
  response: ServerResponse,
): Promise<boolean> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  response.once('close', leave);
  try {
    const version = versionWaitedFor(asked);
    if (version === undefined) return true;
    if (!waitFor)
      throw new AppError('BAD_ARGUMENT', 'waitFor: this engine answers from the database, without versions.');
    await waitFor(version, AbortSignal.any([gone.signal, AbortSignal.timeout(LONGEST_WAIT)]));
    return true;
  } catch (error) {
    const { message, extensions } = graphql.format(error);
    sendError(response, extensions.code === 'VERSION_NOT_REACHED' ? 503 : 400, extensions.code, message);
    return false;
  } finally {
    response.off('close', leave);
  }
}

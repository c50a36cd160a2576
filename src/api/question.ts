import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../errors.ts';
import type { Viewer } from './viewer.ts';

/** The version that a client waits for may be said by this header, or by `waitFor` in the request's `extensions`. */
export const WAIT_HEADER = 'avd-wait-for-version';
const LONGEST_VERSION = 2000;
/** What a body may hold to have an answer that is kept. */
const USUAL: ReadonlySet<string> = new Set(['query', 'variables', 'operationName', 'extensions']);

/** A request at `/graphql`. */
export interface Asked {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** From the question mark on. */
  readonly search: string;
  /** Of a POST, as JSON; undefined where it declared no JSON. */
  readonly body: unknown;
}

/**
 * What names a question, so that equal names have equal answers at one version; undefined where the engine itself has to
 * look at the request. A browser lets no other site set these headers without asking first, so a kept answer is given
 * only to whom Apollo would have given it.
 * @throws AppError BAD_ARGUMENT for what is nested too deeply to be written
 */
export function nameOf(asked: Asked, viewer: Viewer): string | undefined {
  const { method, headers, search, body } = asked;
  const accept = headers.accept ?? '';
  // Nobody is given what was answered to another tenant, or to more roles.
  const asker = [viewer.tenant, ...viewer.roles].join(' ');
  if (method === 'GET') {
    const isSafe = Boolean(headers['apollo-require-preflight']) && headers['content-type'] === undefined;
    return isSafe ? JSON.stringify([asker, accept, search]) : undefined;
  }
  if (!isRecord(body) || !Object.keys(body).every((key) => USUAL.has(key))) return undefined;
  const { query, variables, operationName, extensions } = body;
  const { waitFor, ...others } = isRecord(extensions) ? extensions : {};
  try {
    return JSON.stringify([asker, accept, query, operationName, variables, others]);
  } catch (error) {
    throw new AppError('BAD_ARGUMENT', 'The variables are nested too deeply.', {}, error);
  }
}

/**
 * The version that the answer has to reflect at least, where the request names one.
 * @throws AppError BAD_ARGUMENT
 */
export function versionWaitedFor(asked: Asked): string | undefined {
  const version = asked.headers[WAIT_HEADER] ?? extensionsOf(asked).waitFor ?? undefined;
  if (version === undefined) return undefined;
  if (typeof version === 'string' && version !== '' && version.length <= LONGEST_VERSION) return version;
  throw new AppError('BAD_ARGUMENT', 'waitFor is no version that AVD has given.');
}

function extensionsOf({ method, search, body }: Asked): Record<string, unknown> {
  if (method !== 'GET') return isRecord(body) && isRecord(body.extensions) ? body.extensions : {};
  const text = search.includes('extensions=') ? new URLSearchParams(search).get('extensions') : null;
  try {
    const extensions: unknown = JSON.parse(text ?? '{}');
    return isRecord(extensions) ? extensions : {};
  } catch {
    // Apollo says what is wrong with it.
    return {};
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

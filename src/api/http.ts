import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiErrorCode } from './errors.ts';

/** The largest body of a request: 1 MB. */
export const LARGEST_BODY = 1_000_000;

export type Body =
  | { readonly json: unknown }
  | { readonly problem: { readonly status: number; readonly code: ApiErrorCode; readonly message: string } };

/** What a browser may do with our pages. Only GraphiQL's editor writes styles of its own. */
const SECURITY_HEADERS = {
  'content-security-policy': policy("'self'"),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

export const GRAPHIQL_POLICY = policy("'self' 'unsafe-inline'");

function policy(styles: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    `style-src ${styles}`,
    "font-src 'self' data:",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Writes the whole answer. */
export function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...SECURITY_HEADERS, 'cache-control': 'no-store', 'content-type': type, ...headers });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** Tells a client that it has the answer already. */
export function sendNotModified(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  response.writeHead(304, { ...SECURITY_HEADERS, ...headers });
  response.end();
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers?: Record<string, string>,
): void {
  send(response, status, 'application/json; charset=utf-8', `${JSON.stringify(body)}\n`, headers);
}

/** An error outside of GraphQL's execution, in GraphQL's form. */
export function sendError(
  response: ServerResponse,
  status: number,
  code: ApiErrorCode,
  message: string,
  headers?: Record<string, string>,
): void {
  sendJson(response, status, { errors: [{ message, extensions: { code } }] }, headers);
}

/** Reads a JSON body of at most `LARGEST_BODY` bytes; an undefined one where the request declares no JSON. */
export async function readJson(request: IncomingMessage): Promise<Body> {
  const [type, ...parameters] = (request.headers['content-type'] ?? '')
    .toLowerCase()
    .split(';')
    .map((s) => s.trim());
  if (type !== 'application/json') {
    request.resume();
    return { json: undefined };
  }
  const charset = parameters
    .find((p) => p.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '');
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') {
    return { problem: { status: 415, code: 'BAD_REQUEST', message: 'JSON is written in UTF-8.' } };
  }
  if (request.headers['content-encoding'] !== undefined) {
    return { problem: { status: 415, code: 'BAD_REQUEST', message: 'Compressed bodies are not understood.' } };
  }
  const bytes = await readBytes(request);
  if (bytes === undefined) {
    return { problem: { status: 413, code: 'BODY_TOO_LARGE', message: `The body is above ${LARGEST_BODY} bytes.` } };
  }
  return parseJson(bytes);
}

function parseJson(bytes: Buffer): Body {
  try {
    return { json: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown };
  } catch {
    return { problem: { status: 400, code: 'BAD_REQUEST', message: 'The body is not JSON.' } };
  }
}

/** Undefined where the body is too large; then the rest of it is let go by, so that the client gets to read the answer. */
async function readBytes(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LARGEST_BODY) break;
    chunks.push(chunk);
  }
  request.resume();
  return length > LARGEST_BODY ? undefined : Buffer.concat(chunks);
}

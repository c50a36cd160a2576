import type { ServerResponse } from 'node:http';
import type { AppError } from '../errors.ts';
import { type ShownError, statusOf } from './errors.ts';
import { sendError } from './http.ts';

/** Answers a request that came to no execution: `shown` is `error` as clients see it. */
export function sendRefusal(response: ServerResponse, shown: ShownError, error: AppError): void {
  const { message, extensions } = shown;
  if (response.destroyed) return;
  sendError(response, statusOf(extensions.code), extensions.code, message, headersOf(error));
}

/** What its HTTP headers say of an error beside its body. */
export function headersOf({ code, details }: AppError): Record<string, string> {
  if (code === 'UNAUTHENTICATED') return { 'www-authenticate': 'Bearer realm="avd"' };
  return code === 'RATE_LIMITED' ? { 'retry-after': String(details.retryAfter) } : {};
}

import { z } from 'zod';
import { AppError } from '../errors.ts';
import { normaliseHost, registrableDomain } from '../identity/domain-name.ts';
import { SERVICES } from '../identity/service.ts';
import type { PageRequest } from '../queries/types.ts';
import { badCursor, decodeCursor, type Listing } from './cursors.ts';

/** The most items on one page. */
export const LARGEST_PAGE = 500;
const DAY = 86_400_000;

/** Events may be up to a day ahead of the clock, so an instant may be too. */
const LATEST_AHEAD = DAY;

// Arguments may be left out and may be null; both mean the same.
export const service = z
  .enum(SERVICES)
  .nullish()
  .transform((s) => s ?? undefined);
export const flag = z
  .boolean()
  .nullish()
  .transform((b) => b ?? false);
const optionalFraction = fraction()
  .nullish()
  .transform((n) => n ?? undefined);
export const confidence = optionalFraction;
export const share = optionalFraction;
export const asOf = z
  .number()
  .refine((at) => at <= Date.now() + LATEST_AHEAD, 'must not be more than a day ahead')
  .nullish()
  .transform((at) => at ?? undefined);
export const hops = (standard: number) =>
  whole(1, 6)
    .nullish()
    .transform((n) => n ?? standard);
export const depth = whole(2, 6);
export const searchText = z.string().trim().min(1, 'must not be blank').max(200, 'must be at most 200 characters');

/** `first`, `after` and, where the listing has it, `asOf`. */
export const page = (standard: number) => ({
  first: whole(1, LARGEST_PAGE)
    .nullish()
    .transform((n) => n ?? standard),
  after: z
    .string()
    .nullish()
    .transform((cursor) => cursor ?? undefined),
});

/**
 * Checks the arguments of a field.
 * @throws AppError PAGE_TOO_LARGE where that is all, else BAD_ARGUMENT that names every argument at fault
 */
export function parse<T extends z.ZodType>(schema: T, args: unknown): z.output<T> {
  const parsed = schema.safeParse(args);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  const isPage = parsed.error.issues.every(({ code, path }) => code === 'too_big' && path.join('.') === 'first');
  throw new AppError(isPage ? 'PAGE_TOO_LARGE' : 'BAD_ARGUMENT', `${problems.join('; ')}.`);
}

/**
 * The page that was asked for. A cursor keeps the instant of its first page, so `asOf` beside it can only repeat it.
 * @throws AppError BAD_CURSOR
 */
export function pageRequest(
  listing: Listing,
  args: { readonly first: number; readonly after?: string | undefined; readonly asOf?: number | undefined },
  now: number,
): PageRequest {
  const at = args.asOf ?? now;
  if (args.after === undefined) return { first: args.first, at };
  const after = decodeCursor(listing, args.after);
  if (args.asOf !== undefined && args.asOf !== after.at) throw badCursor('the cursor is of another asOf.');
  return { first: args.first, after, at: after.at };
}

/**
 * A domain's name as the graph has it, of any spelling and of any host of it.
 * @throws AppError BAD_ARGUMENT
 */
export function domainName(argument: string, text: string): string {
  const normal = normaliseHost(text);
  if ('refusal' in normal) throw new AppError('BAD_ARGUMENT', `${argument}: ${normal.refusal.reason}`);
  return registrableDomain(normal.host) ?? normal.host;
}

function whole(least: number, most: number) {
  const message = `must be ${least} to ${most}`;
  return z.number({ error: message }).int(message).min(least, message).max(most, message);
}

function fraction() {
  return z.number().min(0, 'must be 0 to 1').max(1, 'must be 0 to 1');
}

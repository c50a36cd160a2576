import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import type { Cursor } from '../queries/types.ts';

const VERSION = 1;

const text = z.string().max(2000);
const ranked = z.tuple([z.number(), text]);
const whole = z.number().int();
const ofClaims = z.tuple([text, text, text, text]);
const reached = z.tuple([whole, text]);

/** Every listing with the sort key of its rows. A cursor names its listing, so that it cannot be used in another. */
const LISTINGS = {
  domains: z.tuple([text]),
  uses: ofClaims,
  usedBy: ofClaims,
  claims: ofClaims,
  evidence: z.tuple([whole.min(0)]),
  'dependencies by CONFIDENCE': ranked,
  'dependencies by NAME': z.tuple([text, text]),
  'dependencies by LAST_SEEN': ranked,
  'dependents by CONFIDENCE': ranked,
  'dependents by NAME': z.tuple([text, text]),
  'dependents by LAST_SEEN': ranked,
  nthParties: reached,
  blastRadius: reached,
  exposurePaths: z.array(text).min(2).max(8),
  concentration: reached,
  search: z.tuple([whole, text, text, text]),
  'vendors by DEPENDENTS': reached,
  'vendors by NAME': z.tuple([text, text]),
  incidents: z.tuple([whole, text]),
  decisions: z.tuple([whole, z.string().max(5000)]),
  portfolios: z.tuple([text, text]),
  alerts: z.tuple([whole]),
  changes: z.tuple([text, whole]),
  followed: z.tuple([text, text]),
  followedOrganizations: z.tuple([text]),
} as const satisfies Record<string, z.ZodType<readonly (string | number)[]>>;

export type Listing = keyof typeof LISTINGS;

const instant = z.number().int().min(-8.64e15).max(8.64e15);

/**
 * A cursor as clients see it: opaque, of one listing, with a check sum, so that a damaged one is noticed.
 */
export function encodeCursor(listing: Listing, { at, key }: Cursor): string {
  const body = JSON.stringify([VERSION, listing, at, key]);
  return Buffer.from(checkSum(body) + body).toString('base64url');
}

/**
 * The opposite of `encodeCursor`.
 * @throws AppError BAD_CURSOR for what AVD has not given, and for a cursor of another listing.
 */
export function decodeCursor(listing: Listing, cursor: string): Cursor {
  const whole = Buffer.from(cursor, 'base64url').toString();
  const body = whole.slice(SUM_LENGTH);
  if (whole.slice(0, SUM_LENGTH) !== checkSum(body)) throw badCursor();
  const parsed = z
    .tuple([z.literal(VERSION), z.literal(listing), instant, LISTINGS[listing]])
    .safeParse(readJson(body));
  if (!parsed.success) throw badCursor();
  return { at: parsed.data[2], key: parsed.data[3] };
}

export function badCursor(reason = 'This is not a cursor that AVD has given for this listing.'): AppError {
  return new AppError('BAD_CURSOR', `after: ${reason}`);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const SUM_LENGTH = 8;

function checkSum(body: string): string {
  return createHash('sha256').update(body).digest('base64url').slice(0, SUM_LENGTH);
}

import { z } from 'zod';
import { AppError } from '../errors.ts';
import type { Reference } from '../graph/actions.ts';
import { SERVICES } from '../identity/service.ts';
import type { DecisionKey } from '../queries/decision.ts';
import type { ClaimKey, Pair } from '../queries/types.ts';

/** What a global id stands for. */
export type GlobalId =
  | { readonly type: 'Domain'; readonly name: string }
  | { readonly type: 'Organization'; readonly key: string }
  | { readonly type: 'Claim'; readonly key: ClaimKey }
  | { readonly type: 'Dependency'; readonly pair: Pair; readonly asOf: number | undefined }
  | { readonly type: 'Incident'; readonly key: string }
  | { readonly type: 'Portfolio'; readonly id: string }
  | { readonly type: 'Alert'; readonly id: string }
  | { readonly type: 'Decision'; readonly key: DecisionKey };

export const idOfDomain = (name: string): string => encode(['d', name]);
export const idOfOrganization = (key: string): string => encode(['o', key]);
/** Of just that node, whatever stands for it today. */
export const idOfReference = (end: Reference): string =>
  end.kind === 'domain' ? idOfDomain(end.name) : idOfOrganization(end.key);
/** Without its tenant: an id is asked for by a viewer, and names a portfolio of the viewer's tenant only. */
export const idOfPortfolio = (id: string): string => encode(['f', id]);
export const idOfAlert = (id: string): string => encode(['a', id]);
export const idOfIncident = (key: string): string => encode(['i', key]);

export function idOfClaim({ source, subject, service, object }: ClaimKey): string {
  return encode(['c', source, ...flatten(subject), service, ...flatten(object)]);
}

export function idOfDecision({ kind, subject, service, object }: DecisionKey): string {
  return encode(['x', kind, service ?? '', ...flatten(subject), ...flatten(object)]);
}

/** `asOf` only where it was asked for: the id of a dependency as it is now stays the same from day to day. */
export function idOfDependency({ dependent, vendor }: Pair, asOf: number | undefined): string {
  return encode(asOf === undefined ? ['p', dependent, vendor] : ['p', dependent, vendor, asOf]);
}

const text = z.string().min(1).max(1000);
const portfolio = z.string().regex(/^[\w-]{1,64}$/);
const end = z.enum(['d', 'o']);
const instant = z.number().int().min(-8.64e15).max(8.64e15);

const parts = z.union([
  z.tuple([z.literal('d'), text]).transform(([, name]): GlobalId => ({ type: 'Domain', name })),
  z.tuple([z.literal('o'), text]).transform(([, key]): GlobalId => ({ type: 'Organization', key })),
  z.tuple([z.literal('i'), text]).transform(([, key]): GlobalId => ({ type: 'Incident', key })),
  z.tuple([z.literal('a'), portfolio]).transform(([, id]): GlobalId => ({ type: 'Alert', id })),
  z.tuple([z.literal('f'), portfolio]).transform(([, id]): GlobalId => ({ type: 'Portfolio', id })),
  z
    .tuple([z.literal('c'), text, end, text, z.enum(SERVICES), end, text])
    .transform(([, source, subjectKind, subject, service, objectKind, object]): GlobalId => {
      return {
        type: 'Claim',
        key: { source, subject: reference(subjectKind, subject), service, object: reference(objectKind, object) },
      };
    }),
  z
    .tuple([z.literal('x'), z.enum(['CONFIRMED', 'DISMISSED']), z.enum(SERVICES), end, text, end, text])
    .transform(([, kind, service, ...ends]): GlobalId => decision(kind, service, ends)),
  z
    .tuple([z.literal('x'), z.enum(['MERGED', 'OWNED']), z.literal(''), end, text, end, text])
    .transform(([, kind, , ...ends]): GlobalId => decision(kind, undefined, ends)),
  z
    .tuple([z.literal('p'), text, text, instant.optional()])
    .transform(([, dependent, vendor, asOf]): GlobalId => ({ type: 'Dependency', pair: { dependent, vendor }, asOf })),
]);

/**
 * What an id stands for.
 * @throws AppError BAD_ID for anything that AVD cannot have given.
 */
export function decodeId(id: string): GlobalId {
  const parsed = parts.safeParse(decode(id));
  if (!parsed.success) throw new AppError('BAD_ID', 'This is not an id that AVD has given.');
  return parsed.data;
}

/**
 * The key in an Organization's id.
 * @throws AppError BAD_ID for an id of anything else; the message names the argument.
 */
export function organizationKeyOf(argument: string, id: string): string {
  const decoded = decodeId(id);
  if (decoded.type !== 'Organization') {
    throw new AppError('BAD_ID', `${argument}: the id is that of a ${decoded.type}, an Organization's is needed.`);
  }
  return decoded.key;
}

/** The same for a Portfolio's id. */
export function portfolioIdOf(argument: string, id: string): string {
  const decoded = decodeId(id);
  if (decoded.type !== 'Portfolio') {
    throw new AppError('BAD_ID', `${argument}: the id is that of a ${decoded.type}, a Portfolio's is needed.`);
  }
  return decoded.id;
}

function decision(
  kind: DecisionKey['kind'],
  service: DecisionKey['service'],
  [subjectKind, subject, objectKind, object]: readonly ['d' | 'o', string, 'd' | 'o', string],
): GlobalId {
  const ends = { subject: reference(subjectKind, subject), object: reference(objectKind, object) };
  return { type: 'Decision', key: { kind, service, ...ends } };
}

function encode(value: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Undefined for what `encode` does not give, other spellings of the same bytes among it. */
function decode(id: string): unknown {
  const bytes = Buffer.from(id, 'base64url');
  if (bytes.toString('base64url') !== id) return undefined;
  try {
    const json = bytes.toString();
    const value: unknown = JSON.parse(json);
    return JSON.stringify(value) === json ? value : undefined;
  } catch {
    return undefined;
  }
}

function flatten(end: Reference): ['d' | 'o', string] {
  return end.kind === 'domain' ? ['d', end.name] : ['o', end.key];
}

function reference(kind: 'd' | 'o', value: string): Reference {
  return kind === 'd' ? { kind: 'domain', name: value } : { kind: 'organization', key: value };
}

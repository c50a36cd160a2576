import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { ANONYMOUS, ROLES, type Role, type Viewer } from './viewer.ts';

/** Signatures by a private key only: whoever can check a token must not be able to make one. */
const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];
/** How far the clocks of whoever issues tokens and ours may be apart, in seconds. */
const LEEWAY = 30;
/** A token that was believed is believed for so long without another look at its signature, in ms. */
const BELIEVED_FOR = 30_000;
const MOST_BELIEVED = 10_000;

export interface AccessSettings {
  /** Whether a request without a token is answered. */
  readonly anonymous: boolean;
  /** Absent: no token is believed. */
  readonly tokens?: TokenSettings | undefined;
}

export interface TokenSettings {
  readonly keys: JWTVerifyGetKey;
  /** `iss` and `aud` of a token that is meant for this API. */
  readonly issuer: string;
  readonly audience: string;
}

/**
 * Who sends a request with that `Authorization` header.
 * @throws AppError UNAUTHENTICATED for a token that is not believed, and for none where one is needed; FORBIDDEN for one
 * that grants nothing; IDENTITY_UNAVAILABLE where the keys cannot be had
 */
export type Access = (authorization: string | undefined) => Promise<Viewer>;

const claims = z.object({
  // The name of whoever needs no token is nobody's.
  tenant: z
    .string()
    .regex(/^[\w.-]{1,64}$/)
    .refine((tenant) => tenant !== ANONYMOUS.tenant),
  roles: z.array(z.string()),
  sub: z.string().min(1).max(200).optional(),
});

interface Believed {
  readonly viewer: Viewer;
  /** Ms since 1970. */
  readonly until: number;
}

/** A token that is there is judged: it is never as good as none. Why one is not believed is not told. */
export function createAccess({ anonymous, tokens }: AccessSettings): Access {
  const believed = new LRUCache<string, Believed>({ max: MOST_BELIEVED });
  return async (authorization) => {
    if (authorization === undefined) {
      if (anonymous) return ANONYMOUS;
      throw new AppError('UNAUTHENTICATED', 'A token is needed, as in `Authorization: Bearer <token>`.');
    }
    const [, token] = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization) ?? [];
    if (token === undefined || tokens === undefined) throw notBelieved();
    const known = believed.get(token);
    if (known !== undefined && Date.now() < known.until) return known.viewer;
    const payload = await payloadOf(token, tokens);
    const viewer = viewerOf(payload);
    const end = ((payload.exp ?? 0) + LEEWAY) * 1000;
    believed.set(token, { viewer, until: Math.min(Date.now() + BELIEVED_FOR, end) });
    return viewer;
  };
}

async function payloadOf(token: string, { keys, issuer, audience }: TokenSettings): Promise<JWTPayload> {
  const key: JWTVerifyGetKey = (header, jws) => Promise.resolve(keys(header, jws)).catch(failToFindKey);
  const options = { issuer, audience, algorithms: ALGORITHMS, clockTolerance: LEEWAY, requiredClaims: ['exp'] };
  try {
    return (await jwtVerify(token, key, options)).payload;
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw notBelieved();
  }
}

function failToFindKey(error: unknown): never {
  const isOfToken =
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported;
  throw isOfToken ? notBelieved() : new AppError('IDENTITY_UNAVAILABLE', 'There are no keys.', {}, error);
}

function viewerOf(payload: unknown): Viewer {
  const parsed = claims.safeParse(payload);
  if (!parsed.success) throw notBelieved();
  const roles = new Set(ROLES.filter((role) => parsed.data.roles.includes(role)));
  if (roles.size === 0) throw new AppError('FORBIDDEN', 'The token grants none of the roles that there are here.');
  const { tenant, sub } = parsed.data;
  return { name: sub ?? tenant, tenant, roles };
}

/**
 * Refuses who lacks a role.
 * @throws AppError FORBIDDEN
 */
export function requireRole({ roles }: Viewer, role: Role): void {
  if (!roles.has(role)) throw new AppError('FORBIDDEN', `The role ${role} is needed for this.`);
}

const notBelieved = () => new AppError('UNAUTHENTICATED', 'The token is not accepted.');

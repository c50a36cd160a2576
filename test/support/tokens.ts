import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

export const ISSUER = 'https://login.example';
export const AUDIENCE = 'avd';
export type Algorithm = 'RS256' | 'ES256' | 'EdDSA';

/** Somebody who issues tokens, with keys made for this test. */
export interface Issuer {
  /** The public keys. */
  readonly keys: { readonly keys: readonly JWK[] };
  sign(claims?: JWTPayload, algorithm?: Algorithm, header?: object): Promise<string>;
}

export async function createIssuer(): Promise<Issuer> {
  const algorithms: readonly Algorithm[] = ['RS256', 'ES256', 'EdDSA'];
  const pairs = await Promise.all(
    algorithms.map(async (alg) => ({ alg, ...(await generateKeyPair(alg, { extractable: true })) })),
  );
  const keys = await Promise.all(
    pairs.map(async ({ alg, publicKey }) => ({ ...(await exportJWK(publicKey)), alg, kid: alg, use: 'sig' })),
  );
  return {
    keys: { keys },
    sign(claims = {}, algorithm = 'ES256', header = {}) {
      const now = Math.floor(Date.now() / 1000);
      const usual = { iss: ISSUER, aud: AUDIENCE, tenant: 'acme', roles: ['customer'], exp: now + 600 };
      return new SignJWT({ ...usual, ...claims })
        .setProtectedHeader({ alg: algorithm, kid: algorithm, ...header })
        .sign(pairs.find(({ alg }) => alg === algorithm)!.privateKey);
    },
  };
}

/** A token as somebody without any key writes it. */
export function unsigned(header: object, claims: object, signature = ''): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  return `${encode(header)}.${encode(claims)}.${signature}`;
}

export function writeKeys(path: string, { keys }: Issuer): string {
  writeFileSync(path, JSON.stringify(keys));
  return path;
}

/** Serves the keys of an issuer on 127.0.0.1; counts how often they are fetched. */
export async function serveKeys(issuer: Issuer) {
  const served = { url: '', fetched: 0, issuer };
  const server = createServer((_request, response) => {
    served.fetched++;
    response.setHeader('content-type', 'application/jwk-set+json').end(JSON.stringify(served.issuer.keys));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  served.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  const close = () => new Promise<void>((closed) => server.close(() => closed()));
  return Object.assign(served, { close });
}

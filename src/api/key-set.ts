import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, createRemoteJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';

/** A key that was taken out of the set is believed for at most this long, in ms. */
const KEPT_FOR = 60_000;
/** How long whoever has the keys may take to give them, in ms. */
const FETCH_WITHIN = 5_000;

/**
 * The public keys of a JSON Web Key Set (RFC 7517), of a file or a URL. They are fetched when they are first needed and
 * again from time to time, so that keys can be changed while the API runs.
 */
export function openKeySet(place: string): JWTVerifyGetKey {
  return place.includes('://')
    ? createRemoteJWKSet(new URL(place), { cacheMaxAge: KEPT_FOR, timeoutDuration: FETCH_WITHIN })
    : keySetOfFile(place);
}

function keySetOfFile(path: string): JWTVerifyGetKey {
  let keys: Promise<JWTVerifyGetKey> | undefined;
  let until = 0;
  return async (header, token) => {
    if (keys === undefined || Date.now() >= until) {
      until = Date.now() + KEPT_FOR;
      keys = readFile(path, 'utf8').then((text) => createLocalJWKSet(JSON.parse(text) as JSONWebKeySet));
      // A file that could not be read is looked for again by the next.
      keys.catch(() => {
        keys = undefined;
      });
    }
    return (await keys)(header, token);
  };
}

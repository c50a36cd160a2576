import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Access, createAccess, requireRole } from '../../src/api/access.ts';
import { openKeySet } from '../../src/api/key-set.ts';
import { ANONYMOUS } from '../../src/api/viewer.ts';
import { AUDIENCE, createIssuer, ISSUER, type Issuer, serveKeys, unsigned, writeKeys } from '../support/tokens.ts';

const folder = mkdtempSync(join(tmpdir(), 'avd-keys-'));
let issuer: Issuer;
let stranger: Issuer;
let access: Access;
const withKeys = (place: string, anonymous = false) =>
  createAccess({ anonymous, tokens: { keys: openKeySet(place), issuer: ISSUER, audience: AUDIENCE } });
const bearer = (token: string) => access(`Bearer ${token}`);
const refused = { code: 'UNAUTHENTICATED', message: 'The token is not accepted.' };
const seconds = (ahead: number) => Math.floor(Date.now() / 1000) + ahead;

beforeAll(async () => {
  [issuer, stranger] = await Promise.all([createIssuer(), createIssuer()]);
  access = withKeys(writeKeys(join(folder, 'keys.json'), issuer));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a token', () => {
  it.each(['RS256', 'ES256', 'EdDSA'] as const)('signed by %s says tenant and roles', async (algorithm) => {
    const token = await issuer.sign({ tenant: 'acme', roles: ['analyst', 'customer', 'king'] }, algorithm);
    const viewer = await bearer(token);
    expect([viewer.tenant, [...viewer.roles]]).toEqual(['acme', ['customer', 'analyst']]);
    expect((await access(`bearer ${token}`)).tenant).toBe('acme');
  });

  it('is believed while clocks differ by less than half a minute', async () => {
    expect((await bearer(await issuer.sign({ exp: seconds(-20) }))).tenant).toBe('acme');
    expect((await bearer(await issuer.sign({ nbf: seconds(20) }))).tenant).toBe('acme');
  });

  it('is believed no longer than it says, however often it was before', async () => {
    const token = await issuer.sign({ exp: seconds(10) });
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      for (const ahead of [0, 0, 15, 29]) {
        vi.setSystemTime(Date.now() + ahead * 1000);
        if (ahead < 29) expect((await bearer(token)).tenant).toBe('acme');
        else await expect(bearer(token)).rejects.toMatchObject(refused);
      }
    } finally {
      vi.useRealTimers();
    }
  });

  const claims = { iss: ISSUER, aud: AUDIENCE, tenant: 'acme', roles: ['operator'], exp: seconds(600) };
  const hs256 = (header: object, key: string) => {
    const text = unsigned(header, claims).slice(0, -1);
    return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
  };
  const bad: Record<string, () => string | Promise<string>> = {
    'of alg none': () => unsigned({ alg: 'none' }, claims),
    'of alg none in other letters': () => unsigned({ alg: 'nOnE', kid: 'ES256' }, claims),
    'of a secret that is the public key': () =>
      hs256({ alg: 'HS256', kid: 'RS256' }, JSON.stringify(issuer.keys.keys[0])),
    'of a secret without a key id': () => hs256({ alg: 'HS256' }, ''),
    'of a stranger': () => stranger.sign(),
    'of a key that is not there': () => issuer.sign({}, 'ES256', { kid: 'other' }),
    'of one key under the name of another': () => issuer.sign({}, 'ES256', { kid: 'RS256' }),
    'with its own key beside it': () => stranger.sign({}, 'ES256', { jwk: stranger.keys.keys[1] }),
    'that is expired': () => issuer.sign({ exp: seconds(-60) }),
    'that never expires': () => issuer.sign({ exp: undefined as never }),
    'that is not valid yet': () => issuer.sign({ nbf: seconds(60) }),
    'of another issuer': () => issuer.sign({ iss: 'https://other.example' }),
    'for another audience': () => issuer.sign({ aud: 'other' }),
    'without a tenant': () => issuer.sign({ tenant: undefined }),
    'of an odd tenant': () => issuer.sign({ tenant: "a' OR 1=1" }),
    'of the tenant of all who have none': () => issuer.sign({ tenant: ANONYMOUS.tenant }),
    'whose roles are no list': () => issuer.sign({ roles: 'operator' }),
    'that is changed': async () =>
      (await issuer.sign()).replace(/\.[^.]+\./, `.${unsigned({}, claims).split('.')[1]}.`),
    'that is cut off': async () => (await issuer.sign()).slice(0, -4),
    'that is none': () => 'a.b.c',
  };
  it.each(Object.keys(bad))('%s is refused, and nobody is told why', async (name) => {
    await expect(bearer(await bad[name]!())).rejects.toMatchObject(refused);
  });

  it.each(['Basic YTpi', 'Bearer', 'Bearer ', 'token', ''])('written as "%s" is refused', async (header) => {
    await expect(access(header)).rejects.toMatchObject(refused);
  });

  it('that grants no role that there is opens nothing', async () => {
    await expect(bearer(await issuer.sign({ roles: ['king'] }))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(bearer(await issuer.sign({ roles: [] }))).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('a request without a token', () => {
  it('is refused unless a setting lets everybody in', async () => {
    await expect(access(undefined)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await createAccess({ anonymous: true })(undefined)).toBe(ANONYMOUS);
  });

  it('is told from one with a bad token, wherever everybody is let in', async () => {
    const open = withKeys(join(folder, 'keys.json'), true);
    await expect(open(`Bearer ${await stranger.sign()}`)).rejects.toMatchObject(refused);
    await expect(createAccess({ anonymous: true })('Bearer a.b.c')).rejects.toMatchObject(refused);
  });
});

describe('a role', () => {
  it('that is lacking is told by its name', async () => {
    const viewer = await bearer(await issuer.sign({ roles: ['customer'] }));
    expect(() => requireRole(viewer, 'customer')).not.toThrow();
    expect(() => requireRole(viewer, 'operator')).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
  });
});

describe('a key set', () => {
  it('of a URL is fetched once, and not again by tokens of unknown keys', async () => {
    const served = await serveKeys(issuer);
    const byUrl = withKeys(served.url);
    for (let i = 0; i < 3; i++) expect((await byUrl(`Bearer ${await issuer.sign()}`)).tenant).toBe('acme');
    for (let i = 0; i < 3; i++) {
      await expect(byUrl(`Bearer ${await issuer.sign({}, 'ES256', { kid: `k${i}` })}`)).rejects.toMatchObject(refused);
    }
    expect(served.fetched).toBe(1);
    await served.close();
  });

  it('that cannot be had is no fault of the token, and is looked for again', async () => {
    const gone = await serveKeys(issuer);
    await gone.close();
    const token = `Bearer ${await issuer.sign()}`;
    const path = join(folder, 'late.json');
    for (const place of [gone.url, path]) {
      await expect(withKeys(place)(token)).rejects.toMatchObject({ code: 'IDENTITY_UNAVAILABLE' });
    }
    const late = withKeys(path);
    writeFileSync(path, 'no JSON');
    await expect(late(token)).rejects.toMatchObject({ code: 'IDENTITY_UNAVAILABLE' });
    writeKeys(path, issuer);
    expect((await late(token)).tenant).toBe('acme');
  });
});

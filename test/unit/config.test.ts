import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';

const TOKENS = { AVD_JWKS: 'https://login.example/keys', AVD_ISSUER: 'https://login.example', AVD_AUDIENCE: 'avd' };
const access = (env: Record<string, string>) => loadConfig(env).access;
const problem = (text: string) =>
  expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(text) });

describe('who may ask', () => {
  it('is anybody on this machine, as long as there is no key set', () => {
    expect(access({}).anonymous).toBe(true);
    expect(access({ HOST: '::1' }).anonymous).toBe(true);
    expect(access(TOKENS)).toMatchObject({ anonymous: false, tokens: { audience: 'avd' } });
    expect(access({ ...TOKENS, AVD_ANONYMOUS: 'on' }).anonymous).toBe(true);
  });

  it('is nobody elsewhere without a token, and that has to be possible', () => {
    expect(access({ HOST: '0.0.0.0', ...TOKENS }).anonymous).toBe(false);
    expect(access({ HOST: '0.0.0.0', AVD_ANONYMOUS: 'on' }).anonymous).toBe(true);
    expect(() => loadConfig({ HOST: '0.0.0.0' })).toThrow(problem('AVD_JWKS: needed'));
    expect(() => loadConfig({ AVD_ANONYMOUS: 'off' })).toThrow(problem('AVD_JWKS: needed'));
  });

  it('is said whole', () => {
    expect(() => loadConfig({ AVD_JWKS: 'keys.json' })).toThrow(problem('needed together'));
    expect(() => loadConfig({ ...TOKENS, AVD_ISSUER: '' })).toThrow(problem('needed together'));
  });

  it('is not said by keys that anybody on the way could change', () => {
    const keys = (AVD_JWKS: string) => () => loadConfig({ ...TOKENS, AVD_JWKS });
    for (const good of ['keys.json', '/etc/keys.json', 'http://127.0.0.1:9/k', 'http://[::1]/k'])
      expect(keys(good)).not.toThrow();
    for (const bad of ['http://login.example/keys', 'http://127.0.0.1.example/k', 'file:///etc/keys', 'https://']) {
      expect(keys(bad)).toThrow(problem('AVD_JWKS'));
    }
  });
});

describe('how much may be asked for', () => {
  it('is bounded wherever strangers are let in', () => {
    expect(loadConfig({}).costPerMinute).toBeUndefined();
    expect(loadConfig(TOKENS).costPerMinute).toBe(1_000_000);
    expect(loadConfig({ HOST: '0.0.0.0', AVD_ANONYMOUS: 'on' }).costPerMinute).toBe(1_000_000);
    expect(loadConfig({ ...TOKENS, AVD_COST_PER_MINUTE: '0' }).costPerMinute).toBeUndefined();
  });

  it('is at least what one document may ask for', () => {
    expect(() => loadConfig({ AVD_COST_PER_MINUTE: '5' })).toThrow(problem('AVD_COST_PER_MINUTE'));
  });

  it('needs documents where only trusted ones are answered', () => {
    expect(() => loadConfig({ AVD_TRUSTED_ONLY: 'on' })).toThrow(problem('AVD_TRUSTED_DOCUMENTS'));
  });
});

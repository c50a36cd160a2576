import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMemoryApi } from '../support/memory-api.ts';

let api: Awaited<ReturnType<typeof startMemoryApi>>;
beforeAll(async () => {
  api = await startMemoryApi();
});
afterAll(() => api.close());

describe('GraphQL over HTTP, by the audits of graphql-http:', () => {
  const audits = serverAudits({ url: () => `${api.url}/graphql`, fetchFn: fetch });
  const binding = audits.filter(({ name }) => /^(MUST|SHOULD)/.test(name));

  it('there are some', () => {
    expect(binding.length).toBeGreaterThan(35);
  });

  it.each(binding.map((audit) => [audit.name, audit] as const))('%s', async (_, audit) => {
    const result = await audit.fn();
    expect('reason' in result ? result.reason : result.status).toBe('ok');
  });
});

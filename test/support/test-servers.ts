import { inject } from 'vitest';
import type { TestServers } from './servers.ts';

/** The real servers that this file of tests has to itself while it runs. */
export function testServers(): TestServers {
  const worker = Number(process.env.VITEST_POOL_ID);
  const servers = inject('servers')[worker - 1];
  if (servers === undefined) throw new Error(`There are no servers for worker ${worker}.`);
  return servers;
}

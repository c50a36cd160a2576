import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';
import { TEST_WORKERS } from './test/support/test-workers.ts';

// Node takes graphql's `main`, Vite would take its `module`: loaded twice, it refuses to work.
const resolve = { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] };

// With `isolate: false` a worker loads modules once for all files of a project that it runs in a row.
export default defineConfig({
  test: {
    maxWorkers: TEST_WORKERS,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        resolve,
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], isolate: false, testTimeout: 30_000 },
      },
      {
        resolve,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: 'test/support/servers.ts',
          isolate: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});

import { benchApi } from './api.ts';
import { benchCostliest } from './costliest.ts';
import { benchIngest } from './ingest.ts';
import { benchLatency } from './latency.ts';

const [name, size] = process.argv.slice(2);
const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  api: benchApi,
  costliest: benchCostliest,
  latency: benchLatency,
  ingest: () => benchIngest({ events: Number(size ?? 2_000_000) }),
};
const bench = BENCHES[name ?? ''];
if (bench === undefined) {
  process.stderr.write(`Which benchmark? One of: ${Object.keys(BENCHES).join(', ')}\n`);
  process.exitCode = 2;
} else {
  await bench();
}

import { benchAlerts } from './alerts.ts';
import { benchApi } from './api.ts';
import { benchApiDatabase } from './api-database.ts';
import { benchCostliest } from './costliest.ts';
import { benchExposure } from './exposure.ts';
import { PUBLISH, publishUntilStopped } from './exposure-changes.ts';
import { benchIngest } from './ingest.ts';
import { benchLatency } from './latency.ts';
import { benchSoak } from './soak.ts';

const [name, size] = process.argv.slice(2);
const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  alerts: benchAlerts,
  api: benchApi,
  'api-database': benchApiDatabase,
  exposure: () => benchExposure(Number(size ?? 1_000_000)),
  costliest: benchCostliest,
  latency: benchLatency,
  ingest: () => benchIngest({ events: Number(size ?? 2_000_000) }),
  soak: () => benchSoak({ minutes: Number(size ?? 5) }),
};
const bench = BENCHES[name ?? ''];
if (name === PUBLISH) {
  await publishUntilStopped(JSON.parse(size ?? ''));
} else if (bench === undefined) {
  process.stderr.write(`Which benchmark? One of: ${Object.keys(BENCHES).join(', ')}\n`);
  process.exitCode = 2;
} else {
  await bench();
}

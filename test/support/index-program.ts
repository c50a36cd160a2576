import { loadSources } from '../../src/governance/sources.ts';
import { openDriver } from '../../src/graph/driver.ts';
import { inProgram } from '../../src/program.ts';
import { createKafka } from '../../src/stream/kafka.ts';
import type { IndexProcessSettings } from './index-process.ts';
import { startKeeping } from './keeping.ts';

/** What an index process runs; see `startIndexProcess`. Its argument: the settings as JSON. */
const { servers, file, saveEvery } = JSON.parse(process.argv[2] as string) as IndexProcessSettings;
const [driver, kafka] = [openDriver(servers.neo4j), createKafka(servers.kafkaBrokers)];
const { sources } = await loadSources(inProgram('governance/sources.yaml'));
const { said } = startKeeping({ driver, kafka, sources, file, saveEvery });
let told = 0;
setInterval(() => {
  for (const text of said.slice(told)) process.stdout.write(`${text}\n`);
  told = said.length;
}, 5);
// It ends with the tests, however they end.
process.stdin.resume().once('close', () => process.exit(0));

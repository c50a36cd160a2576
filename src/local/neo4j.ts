import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { speaksBolt } from './answers.ts';
import { bringUp } from './bring-up.ts';
import { jarsOf, type Progress } from './jars.ts';
import { findJava } from './java.ts';
import type { OwnProcess } from './processes.ts';
import { loadServerSettings, type ServerSettings } from './settings.ts';
import { COMPILE_LIGHTLY, runTool } from './tool.ts';

export interface Neo4jOptions {
  /** Folder of its data, configuration and logs; made where it is not there. */
  readonly home: string;
  readonly port: number;
  /** Takes effect at the first start on this folder, and must be the same ever after. */
  readonly password: string;
  readonly settings?: ServerSettings;
  /** For Java, beside its own. */
  readonly javaOptions?: readonly string[];
  readonly progress?: Progress;
  /** Gives the start up; what was begun is undone. */
  readonly signal?: AbortSignal | undefined;
}

export interface Neo4jServer extends OwnProcess {
  readonly uri: string;
  readonly username: string;
  readonly password: string;
}

/**
 * Runs Neo4j community as a child process, or adopts the one that runs on this folder, and returns when it answers.
 * After `stop` or `kill` it can be started again on the same folder and port.
 *
 *     const neo4j = await startNeo4j({ home: '/tmp/x/neo4j', port: 17687, password });
 */
export async function startNeo4j(options: Neo4jOptions): Promise<Neo4jServer> {
  const { port, password, javaOptions = [], progress = () => {}, signal, settings = loadServerSettings() } = options;
  const home = resolve(options.home);
  const java = await findJava();
  const jars = await jarsOf('neo4j', settings.NEO4J_VERSION, progress, signal);
  mkdirSync(join(home, 'logs'), { recursive: true, mode: 0o700 });
  const process = await bringUp({
    name: 'Neo4j',
    ports: [port],
    signal,
    launch: {
      background: true,
      command: java,
      args: [...javaOptions, ...javaArguments(home, jars, settings)],
      pidFile: join(home, 'pid'),
      logFile: join(home, 'logs', 'neo4j.log'),
    },
    answers: () => speaksBolt(port),
    prepare: async () => {
      writeConfiguration(home, port, settings);
      await setPasswordOnce(java, jars, home, password);
    },
  });
  return { ...process, uri: `bolt://127.0.0.1:${port}`, username: 'neo4j', password };
}

/** The heap is a matter of the command line: neo4j.conf's heap settings are read only by the distribution's own script. */
function javaArguments(home: string, jars: string, settings: ServerSettings): string[] {
  const opened = ['java.nio', 'java.io', 'sun.nio.ch', 'java.util.concurrent'].map(
    (p) => `--add-opens=java.base/${p}=ALL-UNNAMED`,
  );
  const classPath = [join(home, 'plugins', '*'), join(home, 'conf'), join(jars, '*')].join(':');
  return [
    '-Xms256m',
    `-Xmx${settings.NEO4J_HEAP}`,
    '-XX:+UseG1GC',
    '-XX:+ExitOnOutOfMemoryError',
    ...opened,
    '-Dio.netty.tryReflectionSetAccessible=true',
    '-cp',
    classPath,
    'org.neo4j.server.CommunityEntryPoint',
    `--home-dir=${home}`,
    `--config-dir=${join(home, 'conf')}`,
    '--console-mode',
  ];
}

function writeConfiguration(home: string, port: number, settings: ServerSettings): void {
  for (const folder of ['conf', 'data', 'plugins', 'import', 'run', 'licenses'])
    mkdirSync(join(home, folder), { recursive: true });
  const lines = [
    'server.default_listen_address=127.0.0.1',
    `server.bolt.listen_address=127.0.0.1:${port}`,
    `server.bolt.advertised_address=127.0.0.1:${port}`,
    'server.http.enabled=false',
    'server.https.enabled=false',
    `server.memory.pagecache.size=${settings.NEO4J_PAGE_CACHE}`,
    `dbms.memory.transaction.total.max=${settings.NEO4J_TRANSACTIONS_MEMORY}`,
    `db.memory.transaction.max=${settings.NEO4J_TRANSACTION_MEMORY}`,
    `db.tx_log.rotation.retention_policy=${settings.NEO4J_TX_LOG_RETENTION}`,
    `dbms.cypher.min_replan_interval=${settings.NEO4J_REPLAN_INTERVAL}`,
    'dbms.usage_report.enabled=false',
    // By default it waits for some seconds whether clients still say something.
    'internal.dbms.bolt.netty_server_shutdown_quiet_period=0',
    'server.config.strict_validation.enabled=true',
  ];
  writeFileSync(join(home, 'conf', 'neo4j.conf'), `${lines.join('\n')}\n`);
}

/** The password goes by an argument file, so that no other user of the machine sees it in the list of processes. */
async function setPasswordOnce(java: string, jars: string, home: string, password: string): Promise<void> {
  const done = join(home, 'password-set');
  if (existsSync(done)) return;
  const secret = join(home, 'secret');
  try {
    writeFileSync(secret, password, { mode: 0o600 });
    await runTool({
      name: "Setting Neo4j's password",
      home,
      command: java,
      args: [
        '-Xmx256m',
        COMPILE_LIGHTLY,
        '-cp',
        join(jars, '*'),
        'org.neo4j.cli.AdminTool',
        'dbms',
        'set-initial-password',
        `@${secret}`,
      ],
      env: { NEO4J_HOME: home, NEO4J_CONF: join(home, 'conf') },
    });
    writeFileSync(done, '');
  } finally {
    rmSync(secret, { force: true });
  }
}

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { speaksKafka } from './answers.ts';
import { bringUp } from './bring-up.ts';
import { jarsOf, type Progress } from './jars.ts';
import { findJava } from './java.ts';
import type { OwnProcess } from './processes.ts';
import { loadServerSettings, type ServerSettings } from './settings.ts';
import { COMPILE_LIGHTLY, runTool } from './tool.ts';

export interface KafkaOptions {
  /** Folder of its data, configuration and logs; made where it is not there. */
  readonly home: string;
  readonly port: number;
  readonly controllerPort: number;
  readonly settings?: ServerSettings;
  /** For Java, beside its own. */
  readonly javaOptions?: readonly string[];
  readonly progress?: Progress;
  /** Gives the start up; what was begun is undone. */
  readonly signal?: AbortSignal | undefined;
}

export interface KafkaServer extends OwnProcess {
  readonly brokers: readonly string[];
}

/**
 * Runs one Kafka broker (KRaft) as a child process, or adopts the one that runs on this folder, and returns when it
 * answers. After `stop` or `kill` it can be started again on the same folder, on the same or other ports.
 *
 *     const kafka = await startKafka({ home: '/tmp/x/kafka', port: 19092, controllerPort: 19093 });
 */
export async function startKafka(options: KafkaOptions): Promise<KafkaServer> {
  const {
    port,
    controllerPort,
    javaOptions = [],
    progress = () => {},
    signal,
    settings = loadServerSettings(),
  } = options;
  const home = resolve(options.home);
  const java = await findJava();
  const jars = await jarsOf('kafka', settings.KAFKA_VERSION, progress, signal);
  mkdirSync(join(home, 'logs'), { recursive: true, mode: 0o700 });
  const files = { properties: join(home, 'server.properties'), log4j: join(home, 'log4j2.xml') };
  const process = await bringUp({
    name: 'Kafka',
    ports: [port, controllerPort],
    signal,
    launch: {
      background: true,
      command: java,
      args: [
        ...javaOptions,
        '-Xms256m',
        `-Xmx${settings.KAFKA_HEAP}`,
        '-XX:+UseG1GC',
        '-XX:+ExitOnOutOfMemoryError',
        `-Dlog4j2.configurationFile=${files.log4j}`,
        '-cp',
        join(jars, '*'),
        'kafka.Kafka',
        files.properties,
      ],
      pidFile: join(home, 'pid'),
      logFile: join(home, 'logs', 'kafka.log'),
    },
    answers: () => speaksKafka(port),
    prepare: async () => {
      writeFileSync(files.properties, serverProperties(join(home, 'data'), port, controllerPort, settings));
      writeFileSync(files.log4j, LOG4J);
      await formatOnce(java, jars, home, files.properties);
    },
  });
  return { ...process, brokers: [`127.0.0.1:${port}`] };
}

/** `controller.quorum.voters`, not a dynamic quorum: that keeps the controller's port in its data, and ours may change. */
function serverProperties(data: string, port: number, controllerPort: number, settings: ServerSettings): string {
  const properties: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': data,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'num.partitions': settings.KAFKA_PARTITIONS,
    'default.replication.factor': 1,
    'min.insync.replicas': 1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'auto.create.topics.enable': 'false',
    'log.retention.ms': settings.KAFKA_RETENTION_MS,
    'log.segment.bytes': settings.KAFKA_SEGMENT_BYTES,
    'message.max.bytes': settings.KAFKA_MESSAGE_BYTES,
    'replica.fetch.max.bytes': settings.KAFKA_MESSAGE_BYTES,
    'socket.request.max.bytes': settings.KAFKA_REQUEST_BYTES,
    // After a kill -9 the broker may not register again before its old session has ended; 9 s by default.
    'broker.session.timeout.ms': 6000,
    'broker.heartbeat.interval.ms': 500,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

const LOG4J = `<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="WARN">
  <Appenders>
    <Console name="console"><PatternLayout pattern="%d{ISO8601} %p %m (%c)%n"/></Console>
  </Appenders>
  <Loggers>
    <Root level="WARN"><AppenderRef ref="console"/></Root>
    <Logger name="kafka" level="INFO"/>
  </Loggers>
</Configuration>
`;

/** Without the marker no broker has ever run here, so what a format that was cut off has left can go. */
async function formatOnce(java: string, jars: string, home: string, properties: string): Promise<void> {
  const done = join(home, 'formatted');
  if (existsSync(done)) return;
  const args = [
    '-Xmx256m',
    COMPILE_LIGHTLY,
    '-cp',
    join(jars, '*'),
    'kafka.tools.StorageTool',
    'format',
    '-t',
    clusterId(),
    '-c',
    properties,
  ];
  const before = () => rmSync(join(home, 'data'), { recursive: true, force: true });
  await runTool({ name: "Formatting Kafka's storage", home, command: java, args, before });
  writeFileSync(done, '');
}

/** A Kafka Uuid: 16 bytes in base64url; never one that looks like an option of the command line. */
function clusterId(): string {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? clusterId() : id;
}

import { z } from 'zod';
import { AppError } from './errors.ts';

const port = z.coerce.number().int().min(0).max(65535);

const environment = z.object({
  PORT: port.default(4000),
  HOST: z.string().min(1).default('127.0.0.1'),
  AVD_INTROSPECTION: z.enum(['on', 'off']).default('on'),
  AVD_HOME: z.string().min(1).default('.avd'),
  NEO4J_URI: z
    .string()
    .regex(/^(bolt|neo4j)(\+s|\+ssc)?:\/\//, 'must begin with bolt:// or neo4j://')
    .optional(),
  NEO4J_USERNAME: z.string().min(1).default('neo4j'),
  NEO4J_PASSWORD: z.string().min(1).optional(),
  KAFKA_BROKERS: z.string().min(1).optional(),
  AVD_SAMPLE: z.enum(['bundled', 'none']).default('bundled'),
  AVD_PARTITIONS: z.coerce.number().int().min(1).max(1000).default(4),
  AVD_CONSUMERS: z.coerce.number().int().min(1).max(16).default(1),
  AVD_WRITERS: z.coerce.number().int().min(1).max(16).default(2),
  EXPOSURE_ENGINE: z.enum(['index', 'neo4j']).default('index'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

export interface Config {
  /** Port of the API. */
  readonly port: number;
  /** Address that the API listens on. */
  readonly host: string;
  /** Whether the API tells its schema, and GraphiQL is served. */
  readonly introspection: boolean;
  /** Folder with the data of the local servers. */
  readonly home: string;
  /** Absent: the servers that `avd up` started, as `home` tells. */
  readonly neo4j: { readonly uri: string; readonly username: string; readonly password: string } | undefined;
  readonly kafkaBrokers: readonly string[] | undefined;
  readonly sample: 'bundled' | 'none';
  /** Partitions of a topic when it is made. */
  readonly partitions: number;
  /** Consumer processes that `npm start` runs. */
  readonly consumers: number;
  /** Partitions that one consumer process writes at the same time. */
  readonly writers: number;
  /** What answers the questions over many hops: the index in memory, or the database alone. */
  readonly exposureEngine: 'index' | 'neo4j';
  readonly logLevel: z.infer<typeof environment>['LOG_LEVEL'];
}

/**
 * Reads the settings. Pure: it looks at nothing but `env`.
 * @throws AppError CONFIG_INVALID that names every variable at fault, all at once.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = environment.safeParse(given);
  const problems = parsed.success ? [] : parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`);
  if (given.NEO4J_URI !== undefined && given.NEO4J_PASSWORD === undefined) {
    problems.push('NEO4J_PASSWORD: needed where NEO4J_URI is given');
  }
  if (!parsed.success || problems.length > 0) {
    throw new AppError('CONFIG_INVALID', `These settings are wrong: ${problems.join('; ')}`, { problems });
  }
  const e = parsed.data;
  return {
    port: e.PORT,
    host: e.HOST,
    introspection: e.AVD_INTROSPECTION === 'on',
    home: e.AVD_HOME,
    neo4j:
      e.NEO4J_URI === undefined || e.NEO4J_PASSWORD === undefined
        ? undefined
        : { uri: e.NEO4J_URI, username: e.NEO4J_USERNAME, password: e.NEO4J_PASSWORD },
    kafkaBrokers: e.KAFKA_BROKERS?.split(',').map((b) => b.trim()),
    sample: e.AVD_SAMPLE,
    partitions: e.AVD_PARTITIONS,
    consumers: e.AVD_CONSUMERS,
    writers: e.AVD_WRITERS,
    exposureEngine: e.EXPOSURE_ENGINE,
    logLevel: e.LOG_LEVEL,
  };
}

import { z } from 'zod';
import { AppError } from './errors.ts';

const port = z.coerce.number().int().min(0).max(65535);
const onOrOff = z.enum(['on', 'off']);
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;
/** A document of the highest cost that is allowed has to fit into what a tenant may ask for. */
const LEAST_COST_PER_MINUTE = 100_000;
const USUAL_COST_PER_MINUTE = 1_000_000;

const environment = z.object({
  PORT: port.default(4000),
  HOST: z.string().min(1).default('127.0.0.1'),
  AVD_INTROSPECTION: onOrOff.default('on'),
  AVD_ANONYMOUS: onOrOff.optional(),
  AVD_JWKS: z
    .string()
    .min(1)
    .refine(isKeySet, 'must be a file, or a URL of https:// (http:// on this machine)')
    .optional(),
  AVD_ISSUER: z.string().min(1).optional(),
  AVD_AUDIENCE: z.string().min(1).optional(),
  AVD_COST_PER_MINUTE: z.coerce
    .number()
    .int()
    .refine(
      (n) => n === 0 || n >= LEAST_COST_PER_MINUTE,
      `must be 0, for no limit, or at least ${LEAST_COST_PER_MINUTE}`,
    )
    .optional(),
  AVD_TRUSTED_DOCUMENTS: z.string().min(1).optional(),
  AVD_TRUSTED_ONLY: onOrOff.default('off'),
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
  readonly access: {
    /** Whether a request without a token is answered, with every role. */
    readonly anonymous: boolean;
    /** Which tokens are believed. Absent: none. */
    readonly tokens: { readonly jwks: string; readonly issuer: string; readonly audience: string } | undefined;
  };
  /** What a tenant may ask for in a minute, in items; undefined: no limit. */
  readonly costPerMinute: number | undefined;
  readonly documents: {
    /** The file of trusted documents. */
    readonly trusted: string | undefined;
    /** Whether no others are answered. */
    readonly onlyTrusted: boolean;
  };
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
  /** Transactions that each stage of a consumer process has under way at the same time. */
  readonly writers: number;
  /** What answers the questions over many hops: the index in memory, or the database alone. */
  readonly exposureEngine: 'index' | 'neo4j';
  readonly logLevel: Environment['LOG_LEVEL'];
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
  if (parsed.success) problems.push(...problemsOfAccess(parsed.data));
  if (!parsed.success || problems.length > 0) {
    throw new AppError('CONFIG_INVALID', `These settings are wrong: ${problems.join('; ')}`, { problems });
  }
  const e = parsed.data;
  return {
    port: e.PORT,
    host: e.HOST,
    introspection: e.AVD_INTROSPECTION === 'on',
    access: accessOf(e),
    costPerMinute: (e.AVD_COST_PER_MINUTE ?? (isOpenByItself(e) ? 0 : USUAL_COST_PER_MINUTE)) || undefined,
    documents: { trusted: e.AVD_TRUSTED_DOCUMENTS, onlyTrusted: e.AVD_TRUSTED_ONLY === 'on' },
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

type Environment = z.infer<typeof environment>;

/**
 * Who is alone on a machine needs no tokens. Behind a proxy an API listens on this machine only, too: it is told from one
 * by its key set.
 */
function isOpenByItself({ HOST, AVD_JWKS }: Environment): boolean {
  return LOOPBACK.test(HOST) && AVD_JWKS === undefined;
}

function accessOf(e: Environment): Config['access'] {
  const { AVD_JWKS: jwks, AVD_ISSUER: issuer, AVD_AUDIENCE: audience } = e;
  return {
    anonymous: e.AVD_ANONYMOUS === undefined ? isOpenByItself(e) : e.AVD_ANONYMOUS === 'on',
    tokens:
      jwks === undefined || issuer === undefined || audience === undefined ? undefined : { jwks, issuer, audience },
  };
}

function problemsOfAccess(e: Environment): string[] {
  const problems: string[] = [];
  const tokens = [e.AVD_JWKS, e.AVD_ISSUER, e.AVD_AUDIENCE].filter((setting) => setting !== undefined).length;
  if (tokens === 1 || tokens === 2) problems.push('AVD_JWKS, AVD_ISSUER, AVD_AUDIENCE: needed together');
  if (tokens === 0 && !accessOf(e).anonymous) {
    problems.push(`AVD_JWKS: needed, since nobody could ask: HOST is ${e.HOST} and AVD_ANONYMOUS is not on`);
  }
  if (e.AVD_TRUSTED_ONLY === 'on' && e.AVD_TRUSTED_DOCUMENTS === undefined) {
    problems.push('AVD_TRUSTED_DOCUMENTS: needed where AVD_TRUSTED_ONLY is on');
  }
  return problems;
}

/** Keys that come over an open network could be anybody's. */
function isKeySet(text: string): boolean {
  if (!text.includes('://')) return true;
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname.replace(/^\[|\]$/g, '')));
}

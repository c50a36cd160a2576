import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { inProgram } from '../program.ts';

const memory = z.string().regex(/^\d+[kmg]$/);
const whole = z.coerce.number().int();

const file = z.object({
  NEO4J_VERSION: z.string().min(1),
  NEO4J_HEAP: memory,
  NEO4J_PAGE_CACHE: memory,
  NEO4J_TRANSACTIONS_MEMORY: memory,
  NEO4J_TRANSACTION_MEMORY: memory,
  NEO4J_TX_LOG_RETENTION: z.string().min(1),
  NEO4J_REPLAN_INTERVAL: z.string().regex(/^\d+(ms|s|m|h)$/),
  KAFKA_VERSION: z.string().min(1),
  KAFKA_HEAP: memory,
  KAFKA_MESSAGE_BYTES: whole.min(1),
  KAFKA_REQUEST_BYTES: whole.min(1),
  KAFKA_SEGMENT_BYTES: whole.min(1),
  KAFKA_RETENTION_MS: whole.min(-1),
  KAFKA_PARTITIONS: whole.min(1),
});

/** What `servers.env` says, by the names it has there. */
export type ServerSettings = z.infer<typeof file>;

const SERVERS_ENV = inProgram('servers.env');

/**
 * Reads `servers.env`, which docker-compose.yml reads too.
 * @throws AppError CONFIG_INVALID that names every line at fault.
 */
export function loadServerSettings(): ServerSettings {
  const parsed = file.safeParse(parseEnv(readFileSync(SERVERS_ENV, 'utf8')));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`);
  throw new AppError('CONFIG_INVALID', `servers.env is wrong: ${problems.join('; ')}`, { problems });
}

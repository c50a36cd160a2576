import { type Logger, pino } from 'pino';

export type { Logger };

/** A structured logger: messages are constant strings, everything variable is a field. Logs go to standard error. */
export function createLogger(level: string, name: string): Logger {
  return pino(
    {
      level,
      name,
      redact: ['password', '*.password', 'authorization', '*.authorization'],
    },
    pino.destination({ dest: 2, sync: false }),
  );
}

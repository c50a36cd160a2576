import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { AppError } from '../errors.ts';

/**
 * Below the ranges from which systems give ports to outgoing connections (32768 on Linux, 49152 elsewhere). In them, a
 * client that keeps asking for a server that is away may be given that server's own port, and then nobody can listen.
 */
const LOWEST = 15_000;
const ABOVE_HIGHEST = 32_000;

/** Whether nobody listens at 127.0.0.1:`port`. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** `count` different free ports of 127.0.0.1. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  for (let tries = 0; tries < 1000 && found.size < count; tries++) {
    const port = randomInt(LOWEST, ABOVE_HIGHEST);
    if (!found.has(port) && (await isFree(port))) found.add(port);
  }
  if (found.size < count)
    throw new AppError('PORT_IN_USE', `No ${count} free ports from ${LOWEST} to ${ABOVE_HIGHEST}.`);
  return [...found];
}

import type { Server } from 'node:http';
import { AppError } from '../errors.ts';

/**
 * Begins to listen, and gives the port, of use where 0 was asked for.
 * @throws AppError PORT_IN_USE
 */
export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const sentence = `Port ${port} is in use: stop what uses it, or set PORT to another one.`;
      reject(error.code === 'EADDRINUSE' ? new AppError('PORT_IN_USE', sentence, { port, host }) : error);
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

/** Takes no more connections, and waits for the answers under way. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

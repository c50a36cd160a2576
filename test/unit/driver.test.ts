import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openDriver, toAppError } from '../../src/graph/driver.ts';

/** What AVD makes of the error of a question to a server that treats its connections so. */
async function errorOf(behave: (socket: Socket) => void) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    behave(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const driver = openDriver({ uri: `bolt://127.0.0.1:${port}`, username: 'neo4j', password: 'any' });
  const session = driver.session();
  try {
    return await session.run('RETURN 1').then(() => undefined, toAppError);
  } finally {
    await driver.close();
    server.close();
  }
}

/** Bolt 5.4, as the server's answer to the versions that the driver proposes. */
const CHOSEN_VERSION = Buffer.from([0, 0, 4, 5]);

describe('a database that goes away', () => {
  it.each<[string, (socket: Socket) => void]>([
    ['at once', (socket) => socket.destroy()],
    ['before it has chosen a version of the protocol', (socket) => socket.once('data', () => socket.end())],
    [
      'before it has let the driver in',
      (socket) =>
        socket.once('data', () => {
          socket.write(CHOSEN_VERSION);
          socket.once('data', () => socket.end());
        }),
    ],
    [
      'by a reset, before it has let the driver in',
      (socket) =>
        socket.once('data', () => {
          socket.write(CHOSEN_VERSION);
          socket.once('data', () => socket.resetAndDestroy());
        }),
    ],
  ])('%s is one to wait for', async (_when, behave) => {
    expect(await errorOf(behave)).toMatchObject({ code: 'DATABASE_UNAVAILABLE', retryable: true });
  });
});

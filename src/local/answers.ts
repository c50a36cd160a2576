import { connect } from 'node:net';

const TIMEOUT_MS = 2_000;

/** Sends `request` to 127.0.0.1:`port` and says whether `accept` is content with the first bytes that come back. */
function ask(port: number, request: Buffer, accept: (reply: Buffer) => boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(request));
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(TIMEOUT_MS, () => end(false));
    socket.once('data', (reply) => end(accept(reply)));
    socket.once('error', () => end(false)).once('close', () => end(false));
  });
}

/** Whether a server at `port` speaks Bolt 5: the handshake of the Bolt protocol, which needs no password. */
export function speaksBolt(port: number): Promise<boolean> {
  const magic = [0x60, 0x60, 0xb0, 0x17];
  // Four proposals of a version: 5.4, and none.
  const handshake = Buffer.from([...magic, 0, 0, 4, 5, ...Array<number>(12).fill(0)]);
  return ask(port, handshake, (reply) => reply.length >= 4 && reply[3] === 5);
}

/** Whether a broker at `port` takes requests: ApiVersions v0, the one request that every version answers. */
export function speaksKafka(port: number): Promise<boolean> {
  const client = Buffer.from('avd');
  const body = Buffer.alloc(10);
  body.writeInt16BE(18, 0);
  body.writeInt32BE(1, 4);
  body.writeInt16BE(client.length, 8);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + client.length);
  return ask(port, Buffer.concat([length, body, client]), (reply) => reply.length >= 8 && reply.readInt32BE(4) === 1);
}

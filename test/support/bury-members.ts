import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Kafka, withAdmin } from '../../src/stream/kafka.ts';
import { ALERTS_GROUP, GROUPS } from '../../src/stream/topics.ts';

const LEAVE_GROUP = 13;
const VERSION = 1;
const NO_ERROR = 0;
const UNKNOWN_MEMBER = 25;

/**
 * Tells the broker that every member of AVD's groups is gone. After a SIGKILL it would find out by itself when their
 * sessions end, ten seconds later, and twenty kills would take minutes. For tests with a single broker.
 */
export async function buryMembers(kafka: Kafka, broker: string): Promise<void> {
  const { groups } = await withAdmin(kafka, (admin) =>
    admin.describeGroups([GROUPS.fanOut, GROUPS.graph, ALERTS_GROUP]),
  );
  const [host = '', port = ''] = broker.split(':');
  const socket = connect(Number(port), host);
  try {
    await once(socket, 'connect');
    for (const { groupId, members } of groups) {
      for (const { memberId } of members) await leaveGroup(socket, groupId, memberId);
    }
  } finally {
    socket.destroy();
  }
}

/** The request `LeaveGroup` of Kafka's protocol (https://kafka.apache.org/protocol#The_Messages_LeaveGroup). */
async function leaveGroup(socket: Socket, group: string, member: string): Promise<void> {
  const head = Buffer.alloc(8);
  head.writeInt16BE(LEAVE_GROUP, 0);
  head.writeInt16BE(VERSION, 2);
  const request = Buffer.concat([head, text('avd-test'), text(group), text(member)]);
  const size = Buffer.alloc(4);
  size.writeInt32BE(request.length);
  socket.write(Buffer.concat([size, request]));
  // Size, correlation id, throttle time, error code: 14 bytes, which come in one piece.
  const [answer] = (await once(socket, 'data')) as [Buffer];
  const error = answer.readInt16BE(12);
  if (error !== NO_ERROR && error !== UNKNOWN_MEMBER) throw new Error(`LeaveGroup was answered with error ${error}`);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const size = Buffer.alloc(2);
  size.writeInt16BE(bytes.length);
  return Buffer.concat([size, bytes]);
}

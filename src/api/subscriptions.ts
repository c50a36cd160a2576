import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, makeServer } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { createSubscriptionOperations, type OperationDeps, type Subscriber } from './subscription-operations.ts';
import type { Viewer } from './viewer.ts';

/** The numbers are stated in graphql/schema/schema.graphql too. */
export const SUBSCRIPTION_LIMITS = {
  connections: 1000,
  connectionsOfTenant: 100,
  /** Of one connection. */
  subscriptions: 10,
  /** What one message of a client may have, in bytes. */
  message: 64 * 1024,
  /** How long a message may wait until the client takes it, in ms. */
  patience: 10_000,
} as const;
/** A client that takes nothing for so long is closed, and may come again with its last cursor. */
export const TOO_SLOW = 4413;
/** As in graphql-ws: more than is allowed. */
const TOO_MANY = CloseCode.TooManyInitialisationRequests;

const PATH = '/graphql';
const PROTOCOL = 'graphql-transport-ws';
const KEEP_ALIVE_MS = 15_000;

export interface SubscriptionDeps extends OperationDeps {
  readonly limits?: Partial<Limits> | undefined;
}

type Limits = { readonly [Name in keyof typeof SUBSCRIPTION_LIMITS]: number };

/** What is kept of a connection. */
interface Connection {
  readonly socket: WebSocket;
  readonly subscriber: Subscriber;
  /** Known once the client has said who it is. */
  viewer?: Viewer;
}

export type Subscriptions = ReturnType<typeof createSubscriptions>;

/** Serves subscriptions by `graphql-transport-ws` at /graphql. */
export function createSubscriptions(deps: SubscriptionDeps) {
  const limits: Limits = { ...SUBSCRIPTION_LIMITS, ...deps.limits };
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.message,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  });
  const ofTenant = new Map<string, number>();
  const count = ({ tenant }: Viewer, by: 1 | -1): number => {
    const now = (ofTenant.get(tenant) ?? 0) + by;
    if (now > 0) ofTenant.set(tenant, now);
    else ofTenant.delete(tenant);
    return now;
  };
  const server = makeServer<Record<string, unknown>, Connection>({
    schema: deps.schema,
    ...createSubscriptionOperations(deps, limits.subscriptions),
    async onConnect({ connectionParams, extra }) {
      const given = connectionParams?.authorization;
      if (typeof given === 'string') extra.subscriber.authorization = given;
      const viewer = await deps.access(extra.subscriber.authorization);
      extra.viewer = viewer;
      if (count(viewer, 1) > limits.connectionsOfTenant) extra.socket.close(TOO_MANY, 'Too many connections');
      return true;
    },
  });

  const serve = (socket: WebSocket, request: IncomingMessage): void => {
    const gone = new AbortController();
    const { authorization } = request.headers;
    const connection: Connection = { socket, subscriber: { authorization, signal: gone.signal } };
    // Nothing more is read for it from now on, also where its client takes long to hear of the end.
    const end = (code: number, reason: string): void => {
      gone.abort();
      socket.close(code, reason);
    };
    const listeners: ((text: string) => Promise<void>)[] = [];
    const closed = server.opened(
      {
        protocol: socket.protocol,
        send: (text) => send(socket, text, limits.patience, end),
        close: end,
        onMessage: (listener) => listeners.push(listener),
      },
      connection,
    );
    const fail = (error: unknown): void => {
      const { extensions } = deps.format(error);
      const isUnknown = extensions.code === 'UNAUTHENTICATED' || extensions.code === 'FORBIDDEN';
      end(isUnknown ? CloseCode.Forbidden : CloseCode.InternalServerError, extensions.code);
    };
    socket.on('message', (data) => {
      for (const listener of listeners) listener(String(data)).catch(fail);
    });
    socket.on('error', () => socket.terminate());
    const beat = keepAlive(socket);
    socket.once('close', (code, reason) => {
      clearInterval(beat);
      gone.abort();
      if (connection.viewer !== undefined) count(connection.viewer, -1);
      void closed(code, String(reason));
    });
  };

  return {
    attach(http: Server): void {
      http.on('upgrade', (request, socket: Duplex, head) => {
        if (!isOurs(request) || sockets.clients.size >= limits.connections) return refuse(socket);
        sockets.handleUpgrade(request, socket, head, (webSocket) => serve(webSocket, request));
      });
    },
    close(): void {
      deps.feeds.stop();
      for (const client of sockets.clients) client.close(1001, 'Going away');
      setTimeout(() => {
        for (const client of sockets.clients) client.terminate();
      }, 1_000).unref();
    },
  };
}

/** A page of another site may open a WebSocket without asking: then it names itself. */
function isOurs({ url = '', headers: { origin, host } }: IncomingMessage): boolean {
  if (url.split('?', 1)[0] !== PATH) return false;
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}

function refuse(socket: Duplex): void {
  socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
}

/** Resolves when the client's machine has taken it. The next event is read only then, so nothing piles up here. */
function send(
  socket: WebSocket,
  text: string,
  patience: number,
  end: (code: number, reason: string) => void,
): Promise<void> {
  if (socket.readyState !== socket.OPEN) return Promise.resolve();
  return new Promise((resolve) => {
    const tooSlow = setTimeout(() => {
      end(TOO_SLOW, 'Too slow');
      // What is not read holds up the word of the end, too.
      setTimeout(() => socket.terminate(), 1_000).unref();
      resolve();
    }, patience);
    socket.send(text, () => {
      clearTimeout(tooSlow);
      resolve();
    });
  });
}

/** Ends a connection whose other end has gone without a word. */
function keepAlive(socket: WebSocket): NodeJS.Timeout {
  let isAlive = true;
  socket.on('pong', () => {
    isAlive = true;
  });
  return setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, KEEP_ALIVE_MS);
}

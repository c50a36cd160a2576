import { WebSocket } from 'ws';

const PROTOCOL = 'graphql-transport-ws';

/** What came over one connection, as it came. */
export interface Subscriber {
  readonly socket: WebSocket;
  /** `next`'s payload, or `error`'s as `{ errors }`. */
  readonly events: any[];
  /** Close code, once it is closed. */
  readonly closed: Promise<number>;
  subscribe(query: string, variables?: Record<string, unknown>): void;
  /** Cut off without a word, as by a broken line. */
  cut(): void;
}

export interface Connecting {
  readonly authorization?: string;
  readonly origin?: string;
  readonly onEvent?: (payload: any) => void;
}

/** Opens a connection by hand, so that a test decides what is sent and when it breaks. */
export function connect(url: string, { authorization, origin, onEvent }: Connecting = {}): Promise<Subscriber> {
  const options = origin === undefined ? {} : { origin };
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, PROTOCOL, options);
  const events: any[] = [];
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  let count = 0;
  const subscribe = (query: string, variables: Record<string, unknown> = {}): void => {
    count += 1;
    socket.send(JSON.stringify({ id: String(count), type: 'subscribe', payload: { query, variables } }));
  };
  const subscriber: Subscriber = { socket, events, closed, subscribe, cut: () => socket.terminate() };
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.once('open', () => {
      const payload = authorization === undefined ? {} : { authorization };
      socket.send(JSON.stringify({ type: 'connection_init', payload }));
    });
    socket.once('close', () => resolve(subscriber));
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as { type: string; payload?: any };
      if (message.type === 'connection_ack') return resolve(subscriber);
      if (message.type !== 'next' && message.type !== 'error') return;
      const payload = message.type === 'next' ? message.payload : { errors: message.payload };
      events.push(payload);
      onEvent?.(payload);
    });
  });
}

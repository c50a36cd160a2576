import { pino } from 'pino';
import { followHere } from '../../src/exposure/following.ts';
import { type KeeperOptions, type KeptIndex, keepIndex } from '../../src/exposure/keeper.ts';

/** An index that is kept beside a test, and what its keeper has said. */
export interface Keeping {
  current(): KeptIndex | undefined;
  /** What the log says of the index, in order; that a server is slow to answer is no matter of the index. */
  readonly said: readonly string[];
  stop(): Promise<void>;
}

export type KeepingOptions = Pick<KeeperOptions, 'driver' | 'kafka' | 'sources' | 'file' | 'saveEvery' | 'lookEvery'>;

export function startKeeping(options: KeepingOptions): Keeping {
  const said: string[] = [];
  const write = (line: string) => {
    const { msg } = JSON.parse(line) as { msg: string };
    if (msg.includes('exposure index')) said.push(msg);
  };
  const over = new AbortController();
  let current: KeptIndex | undefined;
  const publish = (index: KeptIndex | undefined) => {
    current = index;
  };
  const logger = pino({ level: 'info' }, { write });
  const kept = keepIndex({ ...options, follow: followHere(options.kafka, logger), logger, publish }, over.signal);
  return {
    current: () => current,
    said,
    async stop() {
      over.abort();
      await kept;
    },
  };
}

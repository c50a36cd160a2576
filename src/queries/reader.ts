import { AppError } from '../errors.ts';
import { type Driver, toAppError } from '../graph/driver.ts';
import { given, type Statement } from '../graph/statement.ts';
import { visibleTo } from '../graph/visible.ts';

/** Runs statements that only read, each in its own transaction, none for longer than what is left of the time. */
export interface Reader {
  read<Params extends object, Row extends object>(statement: Statement<Params, Row>, params: Params): Promise<Row[]>;
  /** Milliseconds since 1970 at which this reader gives up; undefined: each statement has its own limit only. */
  readonly deadline: number | undefined;
  /** Whose private claims it sees beside what is public; undefined: nobody's. */
  readonly viewer: string | undefined;
  /** Most that one statement may take, in milliseconds. */
  readonly timeout: number;
  /** The same, but given up at the earlier of the two deadlines, or when either signal aborts. */
  within(deadline: number, signal?: AbortSignal): Reader;
  /** The same as that tenant sees it, with its own private claims; undefined: what is public, as it is without this. */
  seenBy(tenant: string | undefined): Reader;
}

export interface ReaderOptions {
  readonly driver: Driver;
  readonly timeout: number;
  readonly deadline?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whose private claims are seen; undefined: nobody's. */
  readonly viewer?: string | undefined;
  /** Told the name of each statement before it is run. */
  readonly onStatement?: ((name: string) => void) | undefined;
}

export function createReader(options: ReaderOptions): Reader {
  const { driver, timeout, deadline, signal, viewer, onStatement } = options;
  return {
    deadline,
    timeout,
    viewer,
    within: (other, otherSignal) =>
      createReader({
        ...options,
        deadline: Math.min(other, deadline ?? other),
        signal: either(signal, otherSignal),
      }),
    seenBy: (tenant) => createReader({ ...options, viewer: tenant }),
    async read<Params extends object, Row extends object>(statement: Statement<Params, Row>, params: Params) {
      const { name } = statement;
      const left = Math.min(timeout, deadline === undefined ? timeout : deadline - Date.now());
      // A timeout of 0 would mean none at all to the database.
      if (left < 1) {
        throw new AppError('QUERY_TIMEOUT', 'The question took longer than its time limit.', { statement: name });
      }
      if (signal?.aborted) throw cancelled();
      onStatement?.(name);
      // One round trip and no retry: whoever asks knows best whether asking again is worth the wait.
      const session = driver.session({ defaultAccessMode: 'READ' });
      // Closing a session resets its connection, and with it what the database does for it.
      const giveUp = () => void session.close().catch(() => undefined);
      signal?.addEventListener('abort', giveUp, { once: true });
      try {
        const [text, all] =
          viewer === undefined ? [statement.text, params] : [textFor(statement), { ...params, viewer }];
        const result = await session.run(text, given(statement, all), { timeout: Math.ceil(left) });
        return result.records.map((record) => record.toObject() as Row);
      } catch (error) {
        throw signal?.aborted ? cancelled() : (tooLarge(error) ?? toAppError(error));
      } finally {
        signal?.removeEventListener('abort', giveUp);
        await session.close();
      }
    },
  };
}

const texts = new WeakMap<object, string>();

function textFor(statement: Statement<object, object>): string {
  const known = texts.get(statement) ?? visibleTo(statement);
  texts.set(statement, known);
  return known;
}

/** The database's own bound on a transaction's memory: asking again would meet it again. */
function tooLarge(error: unknown): AppError | undefined {
  return error instanceof Error && 'code' in error && String(error.code).includes('MemoryPoolOutOfMemory')
    ? new AppError('LIMIT_EXCEEDED', 'The answer needs more memory than one question may take.', {}, error)
    : undefined;
}

function either(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined {
  return one && other && one !== other ? AbortSignal.any([one, other]) : (one ?? other);
}

const cancelled = () => new AppError('CANCELLED', 'Nobody waits for the answer any more.');
